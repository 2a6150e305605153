// Package fleet is the register: which merchants, sites, terminals and devices there are, and which device stands in
// for which terminal.
//
// A Terminal is logical: a TID at an acquirer. A Device is physical: a serial number and the key it proves itself with.
// A Binding joins the two; a swap ends one binding and begins another, and the history stays. A device comes in by an
// enrolment code that an operator makes for a terminal.
package fleet

import (
	"maps"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// The errors of this room.
var (
	ErrNotFound = problem.New(problem.NotFound, "fleet.not_found",
		lang.Text{ZH: "登记中没有它", EN: "it is not in the register"})
	ErrInvalid = problem.New(problem.Invalid, "fleet.invalid",
		lang.Text{ZH: "登记内容不合规定", EN: "what is to be registered breaks a rule"}).
		WithHint(lang.Text{
			ZH: "终端号、商户号、序列号和型号只能用可见的英文字符，不超过 64 个；名称不能为空",
			EN: "TID, MID, serial and model are visible ASCII of at most 64 characters; names are not empty",
		})
	ErrTaken = problem.New(problem.Conflict, "fleet.taken",
		lang.Text{ZH: "这个终端号在该收单机构已登记", EN: "the acquirer already has a terminal with this TID"})
)

// Merchant is who takes the money.
type Merchant struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
}

// Site is a place of a merchant.
type Site struct {
	ID       string `json:"id"`
	Merchant string `json:"merchant"`
	Name     string `json:"name"`
	Address  string `json:"address,omitempty"`
	Area     string `json:"area,omitempty"`
}

// Terminal is a TID at an acquirer.
type Terminal struct {
	ID         string               `json:"id"`
	Acquirer   string               `json:"acquirer"`
	TID        string               `json:"tid"`
	MID        string               `json:"mid"`
	Merchant   string               `json:"merchant"`
	Site       string               `json:"site"`
	Attributes map[Attribute]string `json:"attributes,omitempty"`
	CreatedAt  time.Time            `json:"created_at"`
}

// Attribute is something that terminals share, and that may stop all that share it.
type Attribute string

// The attributes. Acquirer, area, site and model follow from the register; the others are set or learnt from reports.
const (
	Acquirer    Attribute = "acquirer"
	Host        Attribute = "host"
	Carrier     Attribute = "carrier"
	Cell        Attribute = "cell"
	Region      Attribute = "region"
	Area        Attribute = "area"
	SiteShared  Attribute = "site"
	Model       Attribute = "model"
	AppVersion  Attribute = "app_version"
	Params      Attribute = "params"
	Certificate Attribute = "certificate"
	Firmware    Attribute = "firmware"
)

// settable says which attributes a terminal carries itself.
var settable = map[Attribute]bool{
	Host: true, Carrier: true, Cell: true, Region: true, AppVersion: true, Firmware: true, Params: true, Certificate: true,
}

// Device is one physical unit.
type Device struct {
	ID        string    `json:"id"`
	Serial    string    `json:"serial"`
	Model     string    `json:"model"`
	Key       string    `json:"key,omitempty"` // fingerprint of the key in use
	CreatedAt time.Time `json:"created_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// ComponentState is the state of a part, in the words of the device management standards.
type ComponentState string

// The states of a component.
const (
	Waiting     ComponentState = "waiting"
	Operating   ComponentState = "operating"
	Faulty      ComponentState = "faulty"
	Deactivated ComponentState = "deactivated"
)

// Component is a part of a device: printer, reader, SIM, application, certificate, key slot.
type Component struct {
	Kind    string         `json:"kind"`
	Name    string         `json:"name"`
	State   ComponentState `json:"state"`
	Version string         `json:"version,omitempty"`
	At      time.Time      `json:"at"`
}

// Binding says from when to when a device stood in for a terminal. Until is zero while it does.
type Binding struct {
	ID       string    `json:"id"`
	Terminal string    `json:"terminal"`
	Device   string    `json:"device"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"`
	By       string    `json:"by"`
}

// Listed is a terminal with what belongs to it, as lists and pages show it.
type Listed struct {
	Terminal
	MerchantName string  `json:"merchant_name"`
	SiteName     string  `json:"site_name"`
	Area         string  `json:"area,omitempty"`
	Device       *Device `json:"device,omitempty"` // bound right now
}

// Shares gives all attributes of the terminal that have a value.
func (l Listed) Shares() map[Attribute]string {
	all := maps.Clone(l.Attributes)
	if all == nil {
		all = map[Attribute]string{}
	}
	all[Acquirer], all[SiteShared], all[Area] = l.Acquirer, l.Site, l.Area
	if l.Device != nil {
		all[Model] = l.Device.Model
	}
	maps.DeleteFunc(all, func(_ Attribute, v string) bool { return v == "" })
	return all
}

// Bounds of what the register takes.
const (
	maxWord = 64
	maxName = 200
)

// word reports whether s is an identifier of the field: visible ASCII without spaces.
func word(s string) bool {
	if s == "" || len(s) > maxWord {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// text reports whether people could have typed s on one line; PostgreSQL takes no NUL.
func text(s string) bool {
	return utf8.ValidString(s) && len(s) <= maxName && !strings.ContainsFunc(s, unicode.IsControl)
}

// Check says whether the merchant may be registered.
func (m Merchant) Check() error { return valid(m.Name != "" && text(m.Name) && text(m.Phone)) }

// Check says whether the site may be registered.
func (s Site) Check() error {
	return valid(s.Merchant != "" && s.Name != "" && text(s.Name) && text(s.Address) && text(s.Area))
}

// Check says whether the terminal may be registered.
func (t Terminal) Check() error {
	if err := CheckAttributes(t.Attributes); err != nil {
		return err
	}
	return valid(word(t.TID) && word(t.MID) && word(t.Acquirer) && t.Merchant != "" && t.Site != "")
}

// Check says whether the device may be registered.
func (d Device) Check() error {
	return valid(word(d.Serial) && text(d.Model) && d.Model != "" && word(d.Key))
}

// Check says whether the component may be registered.
func (c Component) Check() error {
	known := c.State == Waiting || c.State == Operating || c.State == Faulty || c.State == Deactivated
	return valid(known && c.Kind != "" && text(c.Kind) && text(c.Name) && text(c.Version) && !c.At.IsZero())
}

// CheckAttributes says whether a terminal may carry these.
func CheckAttributes(all map[Attribute]string) error {
	for a, v := range all {
		if !settable[a] || !text(v) {
			return ErrInvalid
		}
	}
	return nil
}

func valid(ok bool) error {
	if ok {
		return nil
	}
	return ErrInvalid
}
