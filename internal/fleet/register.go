package fleet

import (
	"strings"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Registration is a terminal as people and files name it. Merchant and Site are ids or names; a name that is not in the
// register yet makes a new merchant or site.
type Registration struct {
	Acquirer   string
	TID        string
	MID        string
	Merchant   string
	Site       string
	Address    string // of the site; empty leaves it as it is
	Area       string // of the site; empty leaves it as it is
	Attributes map[Attribute]string
}

// Prefixes of the ids that the register makes: a word that begins so is an id and never the name of something new.
const (
	MerchantPrefix = "mer"
	SitePrefix     = "site"
)

// NamesID reports whether a word can only be an id of the register.
func NamesID(word, prefix string) bool {
	rest, ok := strings.CutPrefix(word, prefix+"_")
	return ok && len(rest) == 26
}

// Change says what a registration did to the register.
type Change string

// The changes.
const (
	Created   Change = "created"
	Updated   Change = "updated"
	Unchanged Change = "unchanged"
)

// The errors of a registration; each names the field, none quotes what stood there.
var (
	ErrTID = problem.New(problem.Invalid, "fleet.tid",
		lang.Text{ZH: "终端号不对", EN: "the terminal number (tid) is not right"}).
		WithHint(lang.Text{ZH: "1 到 16 个字母或数字，与收单主机里的一致", EN: "1 to 16 letters or digits, as the acquirer's host has it"})
	ErrMID = problem.New(problem.Invalid, "fleet.mid",
		lang.Text{ZH: "商户号不对", EN: "the merchant number (mid) is not right"}).
		WithHint(lang.Text{ZH: "1 到 15 个字母或数字，与收单主机里的一致", EN: "1 to 15 letters or digits, as the acquirer's host has it"})
	ErrMerchantName = problem.New(problem.Invalid, "fleet.merchant",
		lang.Text{ZH: "商户没有填、太长或有控制字符", EN: "the merchant is missing, too long or holds control characters"}).
		WithHint(lang.Text{ZH: "填商户名称或编号，不超过 200 字节", EN: "give a merchant's name or id, at most 200 bytes"})
	ErrSiteName = problem.New(problem.Invalid, "fleet.site",
		lang.Text{ZH: "门店没有填、太长或有控制字符", EN: "the site is missing, too long or holds control characters"}).
		WithHint(lang.Text{ZH: "填门店名称或编号，不超过 200 字节", EN: "give a site's name or id, at most 200 bytes"})
	ErrPlace = problem.New(problem.Invalid, "fleet.place",
		lang.Text{ZH: "地址或片区太长，或有控制字符", EN: "the address or the area is too long or holds control characters"}).
		WithHint(lang.Text{ZH: "每项不超过 200 字节", EN: "at most 200 bytes each"})
	ErrAttributes = problem.New(problem.Invalid, "fleet.attributes",
		lang.Text{ZH: "属性不对", EN: "an attribute is not right"}).
		WithHint(lang.Text{
			ZH: "可以填 host、carrier、cell、app_version、params、certificate，每项不超过 200 字节；型号来自接入的设备",
			EN: "host, carrier, cell, app_version, params and certificate may be set, at most 200 bytes each; the model comes from the device",
		})
	ErrCardData = problem.New(problem.Invalid, "fleet.card_data",
		lang.Text{ZH: "内容像银行卡号，不予登记", EN: "something looks like a card number and is not taken"}).
		WithHint(lang.Text{ZH: "登记中不能有银行卡号；若不是卡号，请在数字间加文字", EN: "card numbers do not belong here; if it is none, put words between the digits"})
	ErrMerchantUnknown = problem.New(problem.NotFound, "fleet.merchant_unknown",
		lang.Text{ZH: "没有这个编号的商户", EN: "there is no merchant with this id"}).
		WithHint(lang.Text{ZH: "改填商户名称：登记里没有的会新建", EN: "give the merchant's name instead: a new name makes a new merchant"})
	ErrMerchantAmbiguous = problem.New(problem.Conflict, "fleet.merchant_ambiguous",
		lang.Text{ZH: "有几个商户叫这个名称", EN: "several merchants have this name"}).
		WithHint(lang.Text{ZH: "改填商户编号（mer_ 开头）", EN: "give the merchant's id instead (it begins with mer_)"})
	ErrSiteUnknown = problem.New(problem.NotFound, "fleet.site_unknown",
		lang.Text{ZH: "这个商户没有这个编号的门店", EN: "the merchant has no site with this id"}).
		WithHint(lang.Text{ZH: "改填门店名称：登记里没有的会新建", EN: "give the site's name instead: a new name makes a new site"})
	ErrSiteAmbiguous = problem.New(problem.Conflict, "fleet.site_ambiguous",
		lang.Text{ZH: "这个商户有几个门店叫这个名称", EN: "the merchant has several sites with this name"}).
		WithHint(lang.Text{ZH: "改填门店编号（site_ 开头）", EN: "give the site's id instead (it begins with site_)"})
)

// Bounds of the numbers, as ISO 8583 has them in fields 41 and 42; some acquirers use longer terminal numbers.
const (
	maxTID = 16
	maxMID = 15
)

// Trimmed is the registration with single blanks between its words and none around them, as a sheet with line breaks in
// its cells needs it, and without attributes that have no value.
func (r Registration) Trimmed() Registration {
	for _, field := range []*string{&r.Acquirer, &r.TID, &r.MID, &r.Merchant, &r.Site, &r.Address, &r.Area} {
		*field = oneLine(*field)
	}
	set := map[Attribute]string{}
	for a, v := range r.Attributes {
		if v = oneLine(v); v != "" {
			set[a] = v
		}
	}
	r.Attributes = set
	return r
}

// Trimmed is the merchant with single blanks between its words and none around them.
func (m Merchant) Trimmed() Merchant {
	m.Name, m.Phone = oneLine(m.Name), oneLine(m.Phone)
	return m
}

// Trimmed is the site with single blanks between its words and none around them.
func (s Site) Trimmed() Site {
	s.Name, s.Address, s.Area = oneLine(s.Name), oneLine(s.Address), oneLine(s.Area)
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Check says which field breaks a rule.
func (r Registration) Check() error {
	switch {
	case !number(r.TID, maxTID):
		return ErrTID
	case !number(r.MID, maxMID):
		return ErrMID
	case r.Merchant == "" || !text(r.Merchant):
		return ErrMerchantName
	case r.Site == "" || !text(r.Site):
		return ErrSiteName
	case !text(r.Address) || !text(r.Area):
		return ErrPlace
	case CheckAttributes(r.Attributes) != nil:
		return ErrAttributes
	case !word(r.Acquirer):
		return ErrInvalid
	case r.holdsCard():
		return ErrCardData
	}
	return nil
}

// holdsCard looks for card numbers wherever they would fit.
func (r Registration) holdsCard() bool {
	words := []string{r.Acquirer, r.TID, r.Address, r.Area}
	if !NamesID(r.Merchant, MerchantPrefix) {
		words = append(words, r.Merchant)
	}
	if !NamesID(r.Site, SitePrefix) {
		words = append(words, r.Site)
	}
	if !isMerchantNumber(r.MID) {
		words = append(words, r.MID)
	}
	for _, v := range r.Attributes {
		words = append(words, v)
	}
	return HoldsCard(words...)
}

// isMerchantNumber tells numbers of merchants with 15 digits, of which one in ten passes a card's check digit, from
// cards. The only cards of this length begin with 34 or 37 (American Express), and no acquirer's code does.
func isMerchantNumber(mid string) bool {
	return len(mid) == maxMID && !strings.HasPrefix(mid, "34") && !strings.HasPrefix(mid, "37")
}

// HoldsCard reports whether one of the words looks like a card number.
func HoldsCard(words ...string) bool {
	for _, w := range words {
		if _, cards := carddata.Scrub(w); cards > 0 {
			return true
		}
	}
	return false
}

// number reports whether s is a number of the field: letters and digits.
func number(s string, most int) bool {
	if s == "" || len(s) > most || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}
