package sim

import (
	"crypto/tls"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/wire"
)

// reader is the state of a chip reader.
type reader string

const (
	readerGood  reader = "good"
	readerDirty reader = "dirty"
	readerDead  reader = "dead"
)

// message is what the payment app shows; the words are those of the variable screen_message.
type message string

const (
	showNothing      message = "none"
	showTamper       message = "tamper_alert"
	showSignIn       message = "not_signed_in"
	showComm         message = "comm_error"
	showHost         message = "host_unavailable"
	showNoNetwork    message = "no_mobile_network"
	showPaper        message = "out_of_paper"
	showKeyMissing   message = "key_missing"
	showKeyError     message = "key_error"
	showTerminal     message = "terminal_disabled"
	showMerchant     message = "merchant_disabled"
	showCard         message = "card_read_error"
	showCertificate  message = "certificate_error"
	showResponseCode message = "response_code"
)

// reach is how the last attempt to reach the host ended; the words are those of host_connect_test.
type reach string

const (
	reachOK        reach = "ok"
	reachNoName    reach = "name_lookup_fails"
	reachNone      reach = "no_connection"
	reachHandshake reach = "secure_handshake_fails"
	reachNoAnswer  reach = "connects_no_answer"
)

// Terminal is one terminal of the estate: a place in a shop with a number at the host, and the device that stands
// there. World's lock guards its fields, app the payment app's one conversation with the host.
type Terminal struct {
	world *world
	index int
	shop  *shop
	host  *host
	tid   string
	model model
	link  Link
	rng   *rand.Rand // of its customers

	carrier    string
	dataUsedUp bool // the SIM's plan is spent; it belongs to the place, not to the device

	// the device
	serial      string
	appVersion  string
	plugged     bool
	battery     float64 // 0 to 1; without meaning when the model has none
	failing     bool    // the battery is at its end and drains fast
	metered     time.Time
	on          bool // as of the last look at the power
	bootedAt    time.Time
	tampered    bool
	dropped     bool // somebody has let it fall
	master      key
	loaded      bool // the master key is there
	certificate tls.Certificate
	offset      time.Duration // of its clock
	reader      reader
	misreads    int // chips that failed in a row
	paper       bool

	// the payment app
	app       sync.Mutex
	hung      bool
	process   int // id of the app's process
	appBack   time.Time
	params    *parameters
	session   bool // the operator is signed in
	signedIn  time.Time
	working   key
	keyed     bool // a working key is there
	trace     uint32
	screen    message
	lastCode  string
	reached   reach
	reversal  *acquirer.Message // of a sale whose answer never came, to be sent before the next
	answers   []wire.HostAnswer // since the last report
	sold      int
	attempted int

	agent agentSlot
	conns map[net.Conn]struct{}
	waits map[chan struct{}]struct{} // dials that wait for a network that swallows everything
}

// install makes a fresh device of the place's model stand there. Keys and certificate come separately.
func (t *Terminal) install(serial string) {
	t.serial, t.battery, t.failing, t.metered = serial, fullBattery, false, t.world.now()
	t.tampered, t.dropped, t.loaded, t.offset = false, false, false, 0
	t.reader, t.misreads, t.paper = readerGood, 0, true
	t.hung, t.session, t.keyed, t.reversal = false, false, false, nil
	t.process, t.screen, t.reached, t.lastCode = 1000+t.index, showNothing, reachOK, ""
	t.on, t.bootedAt, t.answers = true, t.world.now().Add(-26*time.Hour), nil
}

// certify gives the device a certificate for TLS to the host.
func (t *Terminal) certify(until time.Time) error {
	from := until.AddDate(-certificateYears, 0, -1)
	certificate, err := t.world.authority.issue(t.tid, from, until)
	if err != nil {
		return err
	}
	t.certificate = certificate
	return nil
}

// mains reports whether the adapter gives power.
func (t *Terminal) mains() bool { return t.plugged && t.shop.street.power }

// powered reports whether there is anything to run on.
func (t *Terminal) powered() bool { return t.mains() || (t.model.battery && t.battery > 0) }

// running reports whether the device is on and has started.
func (t *Terminal) running(now time.Time) bool { return t.on && !now.Before(t.bootedAt) }

// appUp reports whether the payment app serves customers.
func (t *Terminal) appUp(now time.Time) bool {
	return t.running(now) && !t.hung && !now.Before(t.appBack)
}

// meter lets time pass for the battery, and switches the device off or on as its power goes or comes.
func (t *Terminal) meter(now time.Time) {
	minutes := now.Sub(t.metered).Minutes() * t.world.speed
	t.metered = now
	switch {
	case !t.model.battery:
	case t.mains():
		t.battery, t.failing = min(fullBattery, t.battery+minutes*chargePerMinute), false
	case t.failing:
		t.battery = max(0, t.battery-minutes*lastGaspPerMinute)
	case t.world.open(t.shop, now) && t.battery < 0.3:
		t.plugged = true // the people in the shop put it on its base in time
	default:
		t.battery = max(0, t.battery-minutes*drainPerMinute)
	}
	switch up := t.powered(); {
	case t.on && !up:
		t.on = false
		t.sever()
	case !t.on && up:
		t.on, t.bootedAt = true, now.Add(t.world.pace(bootTime))
		t.restartApp(t.bootedAt)
	}
}

// restartApp begins the app anew at a time. The session and the keys lie in the PIN pad and outlast it.
func (t *Terminal) restartApp(back time.Time) {
	t.hung, t.appBack = false, back
	t.process++
	if !t.tampered {
		t.screen = showNothing
	}
}

// clock is the time the device believes it is.
func (t *Terminal) clock() time.Time { return t.world.now().Add(t.offset) }
