// Package lang holds what every text a person reads is made of: the same sentence in Chinese and in English.
package lang

import "strings"

// Lang is a language a person may choose.
type Lang string

// The languages posmedic speaks.
const (
	ZH Lang = "zh"
	EN Lang = "en"
)

// Text is one sentence in both languages. Both are required wherever a person reads it.
type Text struct {
	ZH string `json:"zh" yaml:"zh"`
	EN string `json:"en" yaml:"en"`
}

// In gives the sentence in a language, and the other one rather than nothing.
func (t Text) In(l Lang) string {
	if (l == ZH && t.ZH != "") || t.EN == "" {
		return t.ZH
	}
	return t.EN
}

// Empty reports whether there is nothing to read in either language.
func (t Text) Empty() bool { return t.ZH == "" && t.EN == "" }

// FromLocale picks the language from a POSIX locale ("zh_CN.UTF-8") or an Accept-Language list ("zh-CN,en;q=0.8").
// Anything that does not start with zh is English.
func FromLocale(locale string) Lang {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(locale)), "zh") {
		return ZH
	}
	return EN
}
