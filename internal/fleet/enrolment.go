package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"math/big"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// The answers to an enrolment or a key that is not good. One answer stands for an unknown, a used, an expired and a
// worn-out code, so that guessing teaches nothing.
var (
	ErrCode = problem.New(problem.Forbidden, "fleet.enrolment_code",
		lang.Text{ZH: "接入码无效或已过期", EN: "the enrolment code is not valid, or no longer"}).
		WithHint(lang.Text{ZH: "请在控制台为这台终端重新生成接入码", EN: "make a new code for this terminal in the console"})
	ErrRevoked = problem.New(problem.Forbidden, "fleet.revoked",
		lang.Text{ZH: "该设备的密钥已被停用", EN: "the key of this device has been revoked"}).
		WithHint(lang.Text{ZH: "设备须用新密钥和新的接入码重新接入", EN: "the device must enrol again with a new key and a new code"})
	ErrKeyTaken = problem.New(problem.Conflict, "fleet.key_taken",
		lang.Text{ZH: "另一台设备已在使用这把密钥", EN: "another device already uses this key"}).
		WithHint(lang.Text{ZH: "不要复制设备的数据目录；删除密钥后重新接入", EN: "do not copy a device's data folder; delete the key and enrol again"})
)

// The events that leave this room. Terminal is the terminal concerned.
const (
	EnrolledEvent event.Kind = "fleet.enrolled" // data: Bound; a device has come in
	ReboundEvent  event.Kind = "fleet.rebound"  // data: Rebound; another device, or none, stands in for the terminal
	RevokedEvent  event.Kind = "fleet.revoked"  // data: Bound
	ChangedEvent  event.Kind = "fleet.changed"  // data: map[Attribute]string, the attributes that have changed
)

// Bound says which device speaks for which terminal.
type Bound struct {
	Terminal string `json:"terminal"`
	Device   string `json:"device"`
}

// Rebound says how a terminal's binding has changed.
type Rebound struct {
	Terminal string `json:"terminal"`
	Was      string `json:"was,omitempty"` // device
	Now      string `json:"now,omitempty"` // device; empty: it went to another terminal
}

// Of an enrolment code.
const (
	EnrolmentTTL = 15 * time.Minute
	MaxTries     = 5              // wrong codes with the right beginning
	RedeemAgain  = 24 * time.Hour // for so long the same key gets the same answer: the first may have been lost

	codeLength     = 10
	selectorLength = 4                                // these find the enrolment, the rest proves the code
	alphabet       = "23456789ABCDEFGHJKMNPQRSTVWXYZ" // nothing that looks like something else
)

// NewCode makes an enrolment code.
func NewCode() (string, error) {
	code := make([]byte, codeLength)
	for i := range code {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		code[i] = alphabet[n.Int64()]
	}
	return string(code), nil
}

// CodeHash is all that is kept of a code: the hash that finds it and the hash that proves it.
type CodeHash struct{ Selector, Code string }

// HashCode reads a code as people type it, in any case and with spaces or dashes.
func HashCode(typed string) (CodeHash, bool) {
	if len(typed) > 4*codeLength {
		return CodeHash{}, false
	}
	code := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(typed))
	if len(code) != codeLength {
		return CodeHash{}, false
	}
	return CodeHash{Selector: digest(code[:selectorLength]), Code: digest(code)}, true
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Enrolment is a code that waits to be redeemed, or was.
type Enrolment struct {
	Terminal  string
	By        string
	Hash      string // CodeHash.Code
	ExpiresAt time.Time
	Tries     int
	UsedAt    time.Time
	UsedKey   string
	Device    string // that it brought in
}

// Admission is what becomes of an attempt to redeem.
type Admission int

// The admissions.
const (
	Refused  Admission = iota // ErrCode
	Miscount                  // ErrCode, and the try counts
	Admitted                  // use the code up
	Again                     // the same key asks again: the same answer, nothing changes
)

// Admit judges an attempt to redeem the enrolment.
func (e Enrolment) Admit(h CodeHash, key string, now time.Time) Admission {
	same := subtle.ConstantTimeCompare([]byte(e.Hash), []byte(h.Code)) == 1
	switch {
	case e.Tries >= MaxTries:
		return Refused
	case !same:
		return Miscount
	case !e.UsedAt.IsZero() && e.UsedKey == key && now.Before(e.UsedAt.Add(RedeemAgain)):
		return Again
	case !e.UsedAt.IsZero() || !now.Before(e.ExpiresAt):
		return Refused
	default:
		return Admitted
	}
}
