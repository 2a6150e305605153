package sim

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// account is what a host's books say of a merchant.
type account string

const (
	accountActive account = "active"
	accountClosed account = "closed"
)

// registration is what a host's books say of a terminal.
type registration struct {
	tid, mid string
	active   bool
	master   key
	keyless  bool   // no keys are expected of it: its messages carry no MAC
	given    []key  // working keys since the one used last: an answer to a sign-in may be lost on the way
	day      string // business day of its last sign-in
}

// answer codes of field 39 that the host gives.
const (
	codeApproved     = "00"
	codeMerchant     = "03"
	codeFunds        = "51"
	codeSignInFirst  = "77"
	codeNotFound     = "25"
	codeUnregistered = "97"
	codeMAC          = "A0"
)

// host is one acquirer's host: two listeners, TCP and TLS, and its books. The world's lock guards it.
type host struct {
	id     string
	world  *world
	rng    *rand.Rand
	plain  string // address as terminals are configured with it
	secure string
	server string // name in its certificate

	terminals map[string]*registration
	merchants map[string]account
	down      bool // it accepts connections and answers nothing, as behind a load balancer that does not know
	downSince time.Time
	announced bool        // the silence is maintenance, and was announced
	notice    *hostNotice // the announcement
	rrn       uint64
	sales     map[string]string // terminal and trace number of approved sales → reference, for reversals
	seen      func(seen)        // told of every message; called without the lock
}

// seen is one message as the host saw it.
type seen struct {
	at   time.Time
	tid  string
	kind acquirer.Kind
	code string
	stan string
	rrn  string
}

func newHost(w *world, n int, seed uint64) *host {
	return &host{
		id: fmt.Sprintf("host-%d", n), world: w, rng: rand.New(rand.NewPCG(seed, uint64(n)<<32)),
		plain: fmt.Sprintf("pos%d.acquirer.example:8583", n), secure: fmt.Sprintf("pos%d.acquirer.example:9583", n),
		server: fmt.Sprintf("pos%d.acquirer.example", n), terminals: map[string]*registration{},
		merchants: map[string]account{}, sales: map[string]string{}, seen: func(seen) {},
	}
}

// enter puts a terminal into the books. The world's lock must be held.
func (h *host) enter(t *Terminal) {
	h.terminals[t.tid] = &registration{tid: t.tid, mid: t.shop.merchant.mid, active: true, master: t.master}
	if _, known := h.merchants[t.shop.merchant.mid]; !known {
		h.merchants[t.shop.merchant.mid] = accountActive
	}
}

// listen opens both listeners on loopback and makes their names known.
func (h *host) listen() (plain, secure net.Listener, err error) {
	now := h.world.now()
	certificate, err := h.world.authority.issue(h.server, now.AddDate(0, -6, 0), now.AddDate(1, 0, 0))
	if err != nil {
		return nil, nil, err
	}
	if plain, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, nil, err
	}
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		_ = plain.Close() // the first error is the one that matters
		return nil, nil, err
	}
	secure = tls.NewListener(bare, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		// Hosts of this kind speak TLS 1.2; a client learns within the handshake that its certificate is not taken.
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: h.world.authority.pool,
		Time: h.world.now,
	})
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.world.names[h.plain] = plain.Addr().String()
	h.world.names[h.secure] = bare.Addr().String()
	return plain, secure, nil
}

// handle answers one request.
func (h *host) handle(_ context.Context, request *acquirer.Message) (*acquirer.Message, error) {
	h.world.mu.Lock()
	answer, record := h.answer(request)
	h.world.mu.Unlock()
	if answer == nil {
		return nil, acquirer.ErrSilence
	}
	h.seen(record)
	return answer, nil
}

// answer looks the request up in the books. The world's lock must be held.
func (h *host) answer(request *acquirer.Message) (*acquirer.Message, seen) {
	if h.down {
		return nil, seen{}
	}
	now := h.world.now()
	code, private := h.judge(request, now)
	reply := acquirer.Reply(request, code, now.In(zone()))
	reply.Set(acquirer.FieldPrivate62, private)
	record := seen{at: now, tid: request.Get(acquirer.FieldTID), kind: request.Kind(), code: code, stan: request.Get(acquirer.FieldSTAN)}
	if code == codeApproved && record.kind == acquirer.KindSale {
		h.rrn++
		record.rrn = fmt.Sprintf("%s%06d", now.In(zone()).Format("060102"), h.rrn%1_000_000)
		h.sales[record.tid+record.stan] = record.rrn
		reply.Set(acquirer.FieldRRN, record.rrn)
		reply.Set(acquirer.FieldAuthorisation, fmt.Sprintf("%06d", h.rng.IntN(1_000_000)))
	}
	return reply, record
}

// judge gives the response code, and for a sign-in the wrapped keys of field 62.
func (h *host) judge(request *acquirer.Message, now time.Time) (code, private string) {
	r := h.terminals[request.Get(acquirer.FieldTID)]
	switch {
	case request.Kind() == acquirer.KindEcho:
		return codeApproved, ""
	case r == nil || !r.active:
		return codeUnregistered, ""
	case r.mid != request.Get(acquirer.FieldMID), h.merchants[r.mid] != accountActive:
		return codeMerchant, ""
	}
	switch request.Kind() {
	case acquirer.KindSignIn:
		return codeApproved, h.signIn(r, now)
	case acquirer.KindSale:
		return h.sale(r, request, now), ""
	case acquirer.KindReversal:
		return h.reverse(r, request), ""
	default:
		return "12", "" // invalid transaction
	}
}

// day is the business day; it changes at midnight where the host stands.
func day(at time.Time) string { return at.In(zone()).Format("20060102") }

// signIn opens the terminal's day and hands out working keys: one for PINs, one for MACs.
func (h *host) signIn(r *registration, now time.Time) string {
	r.day = day(now)
	if r.keyless {
		return ""
	}
	var working, pin key
	for i := range working {
		working[i], pin[i] = byte(h.rng.UintN(256)), byte(h.rng.UintN(256))
	}
	r.given = append(r.given, working)
	r.given = r.given[max(0, len(r.given)-keysRemembered):]
	return string(slices.Concat(r.master.wrap(pin), r.master.wrap(working)))
}

func (h *host) sale(r *registration, request *acquirer.Message, now time.Time) string {
	const hundred, poor = 100, 1
	_, card := request.Card()
	switch {
	case r.day != day(now):
		return codeSignInFirst
	case !r.keyless && !r.vouches(request):
		return codeMAC
	case !card:
		return "14" // no such card
	case h.rng.IntN(hundred) < poor:
		return codeFunds // some customers have none left
	default:
		return codeApproved
	}
}

// keysRemembered bounds the working keys that a host keeps of one terminal.
const keysRemembered = 4

// vouches checks the MAC of a message, and forgets the keys older than the one it was made with.
func (r *registration) vouches(m *acquirer.Message) bool {
	i := slices.IndexFunc(r.given, func(k key) bool { return authentic(m, k) })
	if i < 0 {
		return false
	}
	r.given = r.given[i:]
	return true
}

// holds reports whether a terminal with this key gets through.
func (r *registration) holds(k key) bool { return slices.Contains(r.given, k) }

// reverse takes back a sale; one that never arrived has nothing to take back, which is an answer too.
func (h *host) reverse(r *registration, request *acquirer.Message) string {
	name := r.tid + request.Get(acquirer.FieldSTAN)
	if _, known := h.sales[name]; !known {
		return codeNotFound
	}
	delete(h.sales, name)
	return codeApproved
}

// macBytes is the length of field 64.
const macBytes = 8

// seal puts the MAC into a message.
func seal(m *acquirer.Message, working key) error {
	m.Set(acquirer.FieldMAC, string(make([]byte, macBytes)))
	raw, err := m.Pack()
	if err != nil {
		return err
	}
	m.Set(acquirer.FieldMAC, string(macOf(raw, working)))
	return nil
}

// macOf makes the MAC over a packed message, without TPDU, header and the MAC itself.
func macOf(raw []byte, working key) []byte {
	const ahead = len(acquirer.TPDU{}) + len(acquirer.Header{})
	sum := working.mac(raw[ahead : len(raw)-macBytes])
	return sum[:]
}

// authentic checks a message's MAC.
func authentic(m *acquirer.Message, working key) bool {
	raw, err := m.Pack()
	if err != nil || !m.Has(acquirer.FieldMAC) {
		return false
	}
	return m.Get(acquirer.FieldMAC) == string(macOf(raw, working))
}
