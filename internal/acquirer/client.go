package acquirer

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Dial opens a connection to the host; Plain and Secure make one.
type Dial func(ctx context.Context) (net.Conn, error)

// Config says who the terminal is and how it reaches its host.
type Config struct {
	Dial    Dial
	TID     string           // 8 characters, field 41
	MID     string           // 15 characters, field 42
	Serial  string           // of the hardware; sent with a sign-in, may be empty
	Batch   string           // 6 digits; empty: 000001
	TPDU    TPDU             // zero: DefaultTPDU
	Header  Header           // zero: DefaultHeader
	Timeout time.Duration    // of one exchange, connection included; zero: 10 s
	Zone    *time.Location   // in which the host gives its time; nil: UTC+8
	Now     func() time.Time // nil: time.Now
}

// Client is the terminal's side. It is safe for several goroutines.
type Client struct {
	cfg   Config
	trace atomic.Uint32
}

// NewClient checks the configuration and fills its gaps.
func NewClient(cfg Config) (*Client, error) {
	if cfg.Dial == nil {
		return nil, errors.New("acquirer: a client needs a way to dial")
	}
	if !fits(cfg.TID, 8) {
		return nil, configError("acquirer.tid", "终端号（TID）须为8位字母或数字", "the terminal number (TID) has 8 letters or digits")
	}
	if !fits(cfg.MID, 15) {
		return nil, configError("acquirer.mid", "商户号（MID）须为15位字母或数字", "the merchant number (MID) has 15 letters or digits")
	}
	if cfg.Batch == "" {
		cfg.Batch = "000001"
	}
	if cfg.TPDU == (TPDU{}) {
		cfg.TPDU = DefaultTPDU()
	}
	if cfg.Header == (Header{}) {
		cfg.Header = DefaultHeader()
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Zone == nil {
		cfg.Zone = time.FixedZone("UTC+8", 8*60*60)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Client{cfg: cfg}
	var seed [4]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	c.trace.Store(binary.BigEndian.Uint32(seed[:]) % 900_000)
	return c, nil
}

func fits(s string, length int) bool {
	if len(s) != length {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}

func configError(code, zh, en string) error {
	return problem.New(problem.Invalid, code, lang.Text{ZH: zh, EN: en})
}

// Result is what the host answered. After an error it still carries STAN, and for a sale what a reversal needs.
type Result struct {
	MTI      string // of the request
	Code     string // field 39; empty: no answer
	RRN      string
	STAN     string
	Cents    int64
	RTT      time.Duration // from the first byte sent to the whole answer received, connecting not included
	At       time.Time     // of the answer, by our clock
	HostTime time.Time     // the host's clock (fields 12 and 13); zero: it did not say
}

// Approved reports whether the host said yes.
func (r Result) Approved() bool { return r.Code == CodeApproved }

// SignIn asks for the working keys (0800, 003). They are not kept: they belong into the terminal's PIN pad.
func (c *Client) SignIn(ctx context.Context) (Result, error) {
	m := c.request(MTINetwork, "00", NetworkSignInDouble)
	m.Set(FieldPrivate62, "Sequence No"+fmt.Sprintf("%02d", len(c.cfg.Serial))+c.cfg.Serial)
	m.Set(FieldPrivate63, "01 ") // operator
	return c.exchange(ctx, m, 0)
}

// Echo asks the host whether it is there (0800, 301).
func (c *Client) Echo(ctx context.Context) (Result, error) {
	return c.exchange(ctx, c.request(MTINetwork, "00", NetworkEcho), 0)
}

// Sale charges a test card, typed in by hand, without a PIN. A host that wants a MAC answers A0, because only the
// terminal's PIN pad could make one. When no answer came, the sale must be taken back with Reversal.
func (c *Client) Sale(ctx context.Context, cents int64) (Result, error) {
	card, err := carddata.NewPAN(testCard)
	if err != nil {
		return Result{}, err
	}
	m := c.request(MTISale, "22", "000")
	c.pay(m, card, cents)
	return c.exchange(ctx, m, cents)
}

// testCard is a number of the published UnionPay test range; it belongs to nobody.
const testCard = "6250947000000014"

// Reversal takes back a sale whose answer never came. It carries the trace number of that sale.
func (c *Client) Reversal(ctx context.Context, sale Result) (Result, error) {
	card, err := carddata.NewPAN(testCard)
	if err != nil {
		return Result{}, err
	}
	const noAnswerInTime = "98"
	m := c.request(MTIReversal, "22", "000")
	c.pay(m, card, sale.Cents)
	m.Set(FieldSTAN, sale.STAN)
	m.Set(FieldCode, noAnswerInTime)
	return c.exchange(ctx, m, sale.Cents)
}

func (c *Client) pay(m *Message, card carddata.PAN, cents int64) {
	const typedInWithoutPIN, normal, expiry, yuan = "012", "00", "4912", "156"
	m.Set(FieldPAN, card.Expose())
	m.Set(FieldProcessing, "000000")
	m.Set(FieldAmount, fmt.Sprintf("%012d", cents))
	m.Set(FieldExpiry, expiry)
	m.Set(FieldEntryMode, typedInWithoutPIN)
	m.Set(FieldCondition, normal)
	m.Set(FieldCurrency, yuan)
}

// request starts a message: kind is field 60.1, code 60.3.
func (c *Client) request(mti, kind, code string) *Message {
	m := &Message{TPDU: c.cfg.TPDU, Header: c.cfg.Header, MTI: mti}
	m.Set(FieldSTAN, c.nextSTAN())
	m.Set(FieldTID, c.cfg.TID)
	m.Set(FieldMID, c.cfg.MID)
	m.Set(FieldPrivate60, kind+c.cfg.Batch+code)
	return m
}

// nextSTAN counts 000001 to 999999 and round again.
func (c *Client) nextSTAN() string {
	return fmt.Sprintf("%06d", c.trace.Add(1)%999_999+1)
}

// exchange sends one request on a connection of its own and waits for its answer.
func (c *Client) exchange(ctx context.Context, m *Message, cents int64) (Result, error) {
	r := Result{MTI: m.MTI, STAN: m.Get(FieldSTAN), Cents: cents}
	out, err := m.Pack()
	if err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	conn, err := c.cfg.Dial(ctx)
	if err != nil {
		return r, Classify(RungConnect, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // wakes a blocked read or write
	defer stop()
	defer conn.Close()
	begin := time.Now()
	if err := WriteFrame(conn, out); err != nil {
		return r, Classify(RungSend, err)
	}
	answer, err := c.answer(conn, m)
	if err != nil {
		return r, err
	}
	r.RTT, r.At = time.Since(begin), c.cfg.Now()
	r.Code, r.RRN = answer.Get(FieldCode), answer.Get(FieldRRN)
	r.HostTime = c.hostTime(answer)
	return r, nil
}

// answer reads until the answer to m comes. A few late answers to earlier requests are skipped, as a host that works
// through a queue may send them; a stream of them is an error.
func (c *Client) answer(conn net.Conn, m *Message) (*Message, error) {
	const patience = 8
	for range patience {
		frame, err := ReadFrame(conn, MaxFrame)
		if err != nil {
			return nil, Classify(RungAnswer, err)
		}
		answer, err := Unpack(frame)
		if err != nil {
			return nil, err
		}
		if answer.MTI == answerMTI(m.MTI) && answer.Get(FieldSTAN) == m.Get(FieldSTAN) && answer.Get(FieldCode) != "" {
			return answer, nil
		}
	}
	return nil, &Error{RungFormat, Mismatch, errors.New("answers, but none to this request")}
}

// answerMTI is the type of the answer: 0810 for 0800.
func answerMTI(request string) string {
	if len(request) != 4 {
		return ""
	}
	return request[:2] + string(request[2]+1) + request[3:]
}

// hostTime reads fields 12 (hhmmss) and 13 (MMDD). They have no year: of the last, this and the next the nearest to our
// clock is meant, so a clock that is wrong by half a year or more cannot be told this way.
func (c *Client) hostTime(m *Message) time.Time {
	text := m.Get(FieldDate) + m.Get(FieldTime)
	now := c.cfg.Now()
	var best time.Time
	for year := now.Year() - 1; year <= now.Year()+1; year++ {
		t, err := time.ParseInLocation("20060102150405", fmt.Sprintf("%04d%s", year, text), c.cfg.Zone)
		if err == nil && (best.IsZero() || t.Sub(now).Abs() < best.Sub(now).Abs()) {
			best = t
		}
	}
	return best
}

// Plain dials TCP without encryption.
func Plain(dial func(ctx context.Context, network, address string) (net.Conn, error), address string) Dial {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx, "tcp", address)
		if err != nil {
			return nil, Classify(RungConnect, err)
		}
		return conn, nil
	}
}

// Secure dials TCP and shakes hands; what fails names its rung.
func Secure(dial func(ctx context.Context, network, address string) (net.Conn, error), address string, cfg *tls.Config) Dial {
	plain := Plain(dial, address)
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := plain(ctx)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(conn, cfg)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = conn.Close() // the handshake's error is the one that matters
			return nil, Classify(RungTLS, err)
		}
		return secured, nil
	}
}
