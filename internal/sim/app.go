package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/wire"
)

// card is how a customer pays.
type card string

const (
	byChip card = "chip"
	byTap  card = "tap"
)

// entry modes of field 22: chip and contactless, without PIN.
func (c card) entryMode() string {
	if c == byTap {
		return "072"
	}
	return "052"
}

// testCard is a number of the published UnionPay test range; it belongs to nobody.
const testCard = "6250947000000014"

// patience is how long a terminal waits for an answer of its host. However much the world hurries, the machine it runs
// on does not, so there is a least.
func (w *world) patience() time.Duration {
	return max(w.pace(30*time.Second), w.least)
}

// errNotReady says why the app did not even ask the host.
type errNotReady message

func (e errNotReady) Error() string { return "the payment app shows: " + string(e) }

var errAppDown = errors.New("the payment app does not answer")

// sell is one customer: the app reads the card, asks the host and prints. A sale that the device cannot begin comes
// back as errNotReady or errAppDown.
func (t *Terminal) sell(ctx context.Context, cents int64, by card) error {
	if !t.app.TryLock() {
		return nil // the one before is still being served
	}
	defer t.app.Unlock()
	if t.newDay() {
		if err := t.askSignIn(ctx); err != nil {
			return err
		}
	}
	request, err := t.beginSale(cents, by)
	if err != nil {
		return err
	}
	if err := t.clearReversal(ctx); err != nil {
		return err
	}
	answer, err := t.ask(ctx, request)
	t.endSale(request, answer, err)
	if err != nil {
		return err
	}
	if t.wantsRenewal() {
		return t.askSignIn(ctx)
	}
	return nil
}

// newDay reports whether the session is of an earlier day: the app renews it by itself while the operator is signed in.
func (t *Terminal) newDay() bool {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	now := t.world.now()
	return t.session && t.appUp(now) && day(t.signedIn) != day(now)
}

// beginSale does what happens before a word goes to the host.
func (t *Terminal) beginSale(cents int64, by card) (*acquirer.Message, error) {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	t.attempted++
	if !t.appUp(t.world.now()) {
		return nil, errAppDown
	}
	if by == byChip {
		if t.reader != readerGood {
			t.misreads++
			t.screen = showCard
			return nil, errNotReady(showCard)
		}
		t.misreads = 0
	}
	if m := t.obstacle(); m != showNothing {
		t.screen = m
		return nil, errNotReady(m)
	}
	request := t.message(acquirer.MTISale, "22", "000")
	pay(request, cents, by)
	return request, seal(request, t.working)
}

// obstacle is what the app itself sees in the way of a sale. The world's lock must be held.
func (t *Terminal) obstacle() message {
	switch {
	case t.tampered:
		return showTamper
	case !t.loaded:
		return showKeyMissing
	case !t.session:
		return showSignIn
	case !t.paper:
		return showPaper
	case !t.keyed:
		return showKeyError
	default:
		return showNothing
	}
}

func pay(m *acquirer.Message, cents int64, by card) {
	m.Set(acquirer.FieldPAN, testCard)
	m.Set(acquirer.FieldProcessing, "000000")
	m.Set(acquirer.FieldAmount, fmt.Sprintf("%012d", cents))
	m.Set(acquirer.FieldExpiry, "4912")
	m.Set(acquirer.FieldEntryMode, by.entryMode())
	m.Set(acquirer.FieldCondition, "00")
	m.Set(acquirer.FieldCurrency, "156")
}

// message starts a request: kind is field 60.1, code 60.3. The world's lock must be held.
func (t *Terminal) message(mti, kind, code string) *acquirer.Message {
	t.trace = t.trace%999_999 + 1
	m := &acquirer.Message{TPDU: acquirer.DefaultTPDU(), Header: acquirer.DefaultHeader(), MTI: mti}
	m.Set(acquirer.FieldSTAN, fmt.Sprintf("%06d", t.trace))
	m.Set(acquirer.FieldTID, t.tid)
	m.Set(acquirer.FieldMID, t.shop.merchant.mid)
	m.Set(acquirer.FieldPrivate60, kind+"000001"+code)
	return m
}

// endSale is what the app does with the host's answer.
func (t *Terminal) endSale(request, answer *acquirer.Message, err error) {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	if err != nil {
		if t.reached == reachNoAnswer {
			t.reversal = request // it may have been booked: it must be taken back before the next one
		}
		return
	}
	switch code := answer.Get(acquirer.FieldCode); code {
	case codeApproved:
		t.sold++
		t.screen = showNothing
	case codeFunds:
		t.screen = showNothing // that was about the card
	case codeSignInFirst:
		t.session, t.screen = false, showSignIn
	default:
		t.screen = screenOf(code)
	}
}

func screenOf(code string) message {
	switch code {
	case codeApproved:
		return showNothing
	case codeUnregistered:
		return showTerminal
	case codeMerchant:
		return showMerchant
	case codeMAC:
		return showKeyError
	default:
		return showResponseCode
	}
}

// clearReversal takes back a sale whose answer never came; until that is answered, nothing new is sold.
func (t *Terminal) clearReversal(ctx context.Context) error {
	t.world.mu.Lock()
	sale := t.reversal
	var request *acquirer.Message
	var err error
	if sale != nil {
		request = t.message(acquirer.MTIReversal, "22", "000")
		for _, field := range []int{acquirer.FieldSTAN, acquirer.FieldProcessing, acquirer.FieldAmount, acquirer.FieldEntryMode,
			acquirer.FieldCondition, acquirer.FieldCurrency} {
			request.Set(field, sale.Get(field))
		}
		request.Set(acquirer.FieldPAN, testCard)
		request.Set(acquirer.FieldCode, "98") // no answer in time
		err = seal(request, t.working)
	}
	t.world.mu.Unlock()
	if sale == nil || err != nil {
		return err
	}
	if _, err := t.ask(ctx, request); err != nil {
		return err
	}
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	t.reversal = nil
	return nil
}

// wantsRenewal reports whether the keys are old enough to be renewed after a good sale. Only a sale that went through
// leads to it, so that no renewal ever cures what a sale has failed of.
func (t *Terminal) wantsRenewal() bool {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	return t.session && t.screen == showNothing && t.world.now().Sub(t.signedIn) >= t.world.pace(signInRenewal)
}

// signIn is the operator signing in, at the terminal or from afar.
func (t *Terminal) signIn(ctx context.Context) error {
	t.app.Lock()
	defer t.app.Unlock()
	return t.askSignIn(ctx)
}

// askSignIn asks the host for a session and working keys. The app's lock must be held.
func (t *Terminal) askSignIn(ctx context.Context) error {
	t.world.mu.Lock()
	if !t.appUp(t.world.now()) {
		t.world.mu.Unlock()
		return errAppDown
	}
	if t.tampered || !t.loaded {
		t.screen = t.obstacle()
		t.world.mu.Unlock()
		return errNotReady(t.screen)
	}
	request := t.message(acquirer.MTINetwork, "00", acquirer.NetworkSignInDouble)
	request.Set(acquirer.FieldPrivate62, fmt.Sprintf("Sequence No%02d%s", len(t.serial), t.serial))
	request.Set(acquirer.FieldPrivate63, "01 ")
	t.world.mu.Unlock()
	answer, err := t.ask(ctx, request)
	if err != nil {
		return err
	}
	return t.takeKeys(answer)
}

// errDeclined is a sign-in that the host refused.
type errDeclined string

func (e errDeclined) Error() string { return "the host answered " + string(e) }

// takeKeys puts the working keys of a sign-in's answer into the PIN pad.
func (t *Terminal) takeKeys(answer *acquirer.Message) error {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	code := answer.Get(acquirer.FieldCode)
	if code != codeApproved {
		t.screen = screenOf(code)
		return errDeclined(code)
	}
	const wrapped = len(key{}) + checkBytes
	private := answer.Get(acquirer.FieldPrivate62)
	if len(private) != 2*wrapped {
		return errCheckValue
	}
	working, err := t.master.unwrap([]byte(private[wrapped:]))
	if err != nil {
		t.keyed, t.screen = false, showKeyError
		return err
	}
	t.working, t.keyed, t.session, t.signedIn, t.screen = working, true, true, t.world.now(), showNothing
	return nil
}

// echo asks the host whether it is there.
func (t *Terminal) echo(ctx context.Context) error {
	t.app.Lock()
	defer t.app.Unlock()
	t.world.mu.Lock()
	request := t.message(acquirer.MTINetwork, "00", acquirer.NetworkEcho)
	t.world.mu.Unlock()
	_, err := t.ask(ctx, request)
	return err
}

// ask carries one request to the host and its answer back, and notes how far it came. The app's lock must be held.
func (t *Terminal) ask(ctx context.Context, request *acquirer.Message) (*acquirer.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, t.world.patience())
	defer cancel()
	begin := time.Now()
	answer, err := t.exchange(ctx, request)
	if err != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return nil, err // the world ends; that says nothing about the host
	}
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	record := wire.HostAnswer{
		At: t.clock(), MTI: request.MTI, Kind: string(request.Kind()), STAN: request.Get(acquirer.FieldSTAN),
		MS: int(time.Since(begin).Milliseconds()),
	}
	if err != nil {
		t.reached = reachOf(err)
		t.screen = t.screenOf(t.reached)
	} else {
		t.reached = reachOK
		record.Code, record.RRN = answer.Get(acquirer.FieldCode), answer.Get(acquirer.FieldRRN)
		t.lastCode = record.Code
	}
	t.answers = append(t.answers, record)
	if over := len(t.answers) - wire.MaxHostAnswers; over > 0 {
		t.answers = t.answers[over:]
	}
	return answer, err
}

func (t *Terminal) exchange(ctx context.Context, request *acquirer.Message) (*acquirer.Message, error) {
	out, err := request.Pack()
	if err != nil {
		return nil, err
	}
	conn, err := t.dialHost()(ctx)
	if err != nil {
		return nil, acquirer.Classify(acquirer.RungConnect, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // wakes a blocked read
	if err := acquirer.WriteFrame(conn, out); err != nil {
		return nil, acquirer.Classify(acquirer.RungSend, err)
	}
	frame, err := acquirer.ReadFrame(conn, acquirer.MaxFrame)
	if err != nil {
		return nil, acquirer.Classify(acquirer.RungAnswer, err)
	}
	return acquirer.Unpack(frame)
}

// dialHost is the way to the host that the parameters name.
func (t *Terminal) dialHost() acquirer.Dial {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	address := t.host.plain
	if t.model.secure {
		address = t.host.secure
	}
	if t.params.address != "" {
		address = t.params.address
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return t.Dial(ctx, network, address)
	}
	if !t.model.secure {
		return acquirer.Plain(dial, address)
	}
	return acquirer.Secure(dial, address, &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.host.server, RootCAs: t.world.authority.pool,
		Certificates: []tls.Certificate{t.certificate}, Time: t.readClock,
	})
}

func (t *Terminal) readClock() time.Time {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	return t.clock()
}

// reachOf puts a failed exchange into the words of host_connect_test.
func reachOf(err error) reach {
	var e *acquirer.Error
	if !errors.As(err, &e) {
		return reachNone
	}
	switch e.Rung {
	case acquirer.RungName:
		return reachNoName
	case acquirer.RungConnect:
		return reachNone
	case acquirer.RungTLS:
		return reachHandshake
	default:
		return reachNoAnswer
	}
}

// screenOf is what the app shows after a failed exchange. The world's lock must be held.
func (t *Terminal) screenOf(r reach) message {
	switch {
	case r == reachHandshake:
		return showCertificate
	case r == reachNoAnswer:
		return showHost
	case t.link == Cellular && t.path(t.world.now()) == pathNone:
		return showNoNetwork
	default:
		return showComm
	}
}
