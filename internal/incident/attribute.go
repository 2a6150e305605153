package incident

import (
	"slices"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Attribute is something terminals share.
type Attribute string

// The attributes that are compared.
const (
	Host        Attribute = "host"
	Acquirer    Attribute = "acquirer"
	Carrier     Attribute = "carrier"
	Region      Attribute = "region"
	Area        Attribute = "area" // what one power line feeds
	Cell        Attribute = "cell"
	Site        Attribute = "site"
	Certificate Attribute = "certificate"
	Params      Attribute = "params"
	AppVersion  Attribute = "app_version"
	Firmware    Attribute = "firmware"
	Model       Attribute = "model"
	Push        Attribute = "push"      // the newest change of what runs on the terminal, while it is recent
	Everybody   Attribute = "everybody" // needs no value: all terminals together, against an ordinary day
)

// kind is what is fixed about an attribute.
type kind struct {
	attribute Attribute
	scope     string // state of terminal_scope that it means for one of its terminals
	weight    int    // which scope a combination has: that of its weightiest attribute
	name      lang.Text
}

// kinds lists the attributes, the wider first: of two that explain equally well, "everybody at this host" is said and not
// "everybody in this shop". What runs on a terminal outweighs where it stands: a version that fails in one area is a fault
// of the version.
func kinds() []kind {
	return []kind{
		{Host, "everybody", 1, lang.Text{ZH: "收单主机", EN: "payment host"}},
		{Acquirer, "everybody", 1, lang.Text{ZH: "收单机构", EN: "acquirer"}},
		{Carrier, "same_carrier", 3, lang.Text{ZH: "运营商", EN: "carrier"}},
		{Region, "area", 2, lang.Text{ZH: "地区", EN: "region"}},
		{Area, "area", 2, lang.Text{ZH: "片区", EN: "area"}},
		{Cell, "area", 2, lang.Text{ZH: "基站", EN: "cell"}},
		{Site, "whole_shop", 4, lang.Text{ZH: "门店", EN: "shop"}},
		{Certificate, "same_model", 5, lang.Text{ZH: "证书", EN: "certificate"}},
		{Params, "same_model", 5, lang.Text{ZH: "参数集", EN: "parameter set"}},
		{AppVersion, "same_model", 5, lang.Text{ZH: "应用版本", EN: "app version"}},
		{Firmware, "same_model", 5, lang.Text{ZH: "固件", EN: "firmware"}},
		{Model, "same_model", 5, lang.Text{ZH: "机型", EN: "model"}},
		{Push, "same_model", 5, lang.Text{ZH: "下发", EN: "push of"}},
	}
}

// everybody is the attribute that stands for no other.
func everybody() kind {
	return kind{Everybody, "everybody", 0, lang.Text{ZH: "全部终端", EN: "all terminals"}}
}

func kindOf(a Attribute) kind {
	all := kinds()
	if i := slices.IndexFunc(all, func(k kind) bool { return k.attribute == a }); i >= 0 {
		return all[i]
	}
	return everybody()
}

// Pair is an attribute with the value that terminals share.
type Pair struct {
	Attribute Attribute `json:"attribute"`
	Value     string    `json:"value"`
}

// Shared is a combination of pairs, in the order of the attributes; empty for everybody.
type Shared []Pair

// Covers reports whether a terminal has all of it.
func (s Shared) Covers(m Member) bool {
	return !slices.ContainsFunc(s, func(p Pair) bool { return m.Shares[p.Attribute] != p.Value })
}

// Scope is the state of terminal_scope for a terminal of this combination.
func (s Shared) Scope() string {
	widest := everybody()
	for _, p := range s {
		if k := kindOf(p.Attribute); k.weight > widest.weight {
			widest = k
		}
	}
	return widest.scope
}

// Has reports whether an attribute is part of it.
func (s Shared) Has(a Attribute) bool {
	return slices.ContainsFunc(s, func(p Pair) bool { return p.Attribute == a })
}

// String writes it as "host=h1&model=A920"; "everybody=" for all.
func (s Shared) String() string {
	if len(s) == 0 {
		return string(Everybody) + "="
	}
	var parts []string
	for _, p := range s {
		parts = append(parts, string(p.Attribute)+"="+p.Value)
	}
	return strings.Join(parts, "&")
}
