// Package access decides who may come in and do what: users with roles, their sessions, tokens for feeds, the first
// set-up, and the audit trail of it all. Passwords are kept as argon2id, tokens as SHA-256; neither can be read back.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// DefaultTenant is the tenant that every installation has.
const DefaultTenant = "default"

// The errors of this room. ErrLogin is the one answer to an unknown name, a wrong password and a disabled user.
var (
	ErrLogin = problem.New(problem.Unauthorized, "access.login",
		lang.Text{ZH: "用户名或密码不对", EN: "the name or the password is wrong"})
	ErrSignedOut = problem.New(problem.Unauthorized, "access.signed_out",
		lang.Text{ZH: "请先登录", EN: "please sign in"})
	ErrThrottled = problem.New(problem.TooMany, "access.throttled",
		lang.Text{ZH: "失败次数太多，请稍后再试", EN: "too many failures; try again later"})
	ErrForbidden = problem.New(problem.Forbidden, "access.forbidden",
		lang.Text{ZH: "您的角色不允许这样做", EN: "your role does not allow this"}).
		WithHint(lang.Text{ZH: "请联系管理员", EN: "ask an administrator"})
	ErrSetup = problem.New(problem.Forbidden, "access.setup",
		lang.Text{ZH: "初始设置链接无效、已过期或已使用", EN: "the set-up link is not valid, expired or used"}).
		WithHint(lang.Text{ZH: "若还没有任何用户，重启服务可得到新链接", EN: "while there is no user, a restart gives a new link"})
	ErrInvalid = problem.New(problem.Invalid, "access.invalid",
		lang.Text{ZH: "输入不合规定", EN: "the input breaks a rule"}).
		WithHint(lang.Text{
			ZH: "用户名 1 到 64 个字符且不含空格；密码 10 到 256 个字符，不能与用户名相同",
			EN: "a name has 1 to 64 characters and no spaces; a password has 10 to 256 and is not the name",
		})
	ErrTaken = problem.New(problem.Conflict, "access.taken",
		lang.Text{ZH: "用户名已被使用", EN: "the name is taken"})
	ErrNotFound = problem.New(problem.NotFound, "access.not_found",
		lang.Text{ZH: "没有这个用户或令牌", EN: "there is no such user or token"})
	ErrLastAdmin = problem.New(problem.Conflict, "access.last_admin",
		lang.Text{ZH: "这是最后一位管理员，不能停用或降级", EN: "this is the last administrator, who must stay one"})
)

// User is an operator of posmedic. Merchants have no login.
type User struct {
	ID         string    `json:"id"`
	Tenant     string    `json:"-"`
	Name       string    `json:"name"`
	Role       Role      `json:"role"`
	CreatedAt  time.Time `json:"created_at"`
	DisabledAt time.Time `json:"disabled_at,omitzero"`
}

// Actor is who does something, and from which address.
type Actor struct {
	Name string
	From string
}

// Record is one line of the audit trail.
type Record struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	What   string    `json:"what"` // room first: "access.login", "repair.start"
	Target string    `json:"target,omitempty"`
	From   string    `json:"from,omitempty"`
}

// Scope says what an integration token is good for.
type Scope string

// The scopes.
const (
	Feed Scope = "feed" // may deliver host answers, sales and notices
	Read Scope = "read" // may read the API
)

// Token is an integration token as lists show it: without the secret.
type Token struct {
	ID        string    `json:"id"`
	Label     string    `json:"label"`
	Scope     Scope     `json:"scope"`
	CreatedAt time.Time `json:"created_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// Lifetimes.
const (
	SetupTTL    = 24 * time.Hour
	SessionIdle = 12 * time.Hour     // without a request
	SessionMax  = 7 * 24 * time.Hour // in any case
	SeenEvery   = time.Minute        // how exactly the last request of a session is known
)

// Alive reports whether a session stands.
func Alive(created, seen, now time.Time) bool {
	return now.Before(seen.Add(SessionIdle)) && now.Before(created.Add(SessionMax))
}

// NewSecret makes a token of 256 random bits.
func NewSecret() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// Digest is what is kept of a token. The token has 256 random bits, so a plain hash is enough, and looking it up by
// hash takes a time that says nothing about the token.
func Digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Bounds of what people type.
const (
	maxName     = 64
	minPassword = 10
	maxPassword = 256
	maxLabel    = 128
)

// CheckName says whether a user may be called this. A name is written into the audit trail and the timelines of cases,
// so it may not be card data.
func CheckName(name string) error {
	_, cards := carddata.Scrub(name)
	ok := cards == 0 && name != "" && len(name) <= maxName && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '\u3000'
	})
	return valid(ok)
}

// CheckPassword says whether a password is good enough for a name. Length is what helps; rules about characters do not.
func CheckPassword(name, password string) error {
	n := utf8.RuneCountInString(password)
	return valid(n >= minPassword && len(password) <= 4*maxPassword && n <= maxPassword && !strings.EqualFold(name, password))
}

// CheckToken says whether a token may be made.
func CheckToken(label string, scope Scope) error {
	_, cards := carddata.Scrub(label)
	typed := cards == 0 && utf8.ValidString(label) && !strings.ContainsFunc(label, unicode.IsControl)
	return valid(label != "" && len(label) <= maxLabel && typed && (scope == Feed || scope == Read))
}

func valid(ok bool) error {
	if ok {
		return nil
	}
	return ErrInvalid
}
