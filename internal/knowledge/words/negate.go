package words

import (
	"slices"
	"strings"
)

// stance is what a clause says about a phrase in it.
type stance int

const (
	said   stance = iota // it is so
	denied               // it is not so
	asked                // somebody asks or does not know
)

// stanceOf reads the words around a phrase in its clause.
func stanceOf(ts []token, m match) stance {
	zh, en := before(ts, m)
	if isAsked(zh, en) || asksAfter(ts, m) {
		return asked
	}
	if m.phrase.trouble && (troubleFree(en) || fineAfter(ts, m)) {
		return denied
	}
	if deniedZH(zh) || (deniedEN(en) && !troubleFree(en)) {
		return denied
	}
	return said
}

// stance reads the words around a frame. Its verdict is part of it, so that nothing after it can turn it round.
func (m framed) stance(ts []token) stance {
	whole := m.match()
	first := whole
	first.to = m.parts[0].to
	zh, en := before(ts, first)
	if isAsked(zh, en) || asksAfter(ts, whole) {
		return asked
	}
	if (deniedZH(zh) || deniedEN(en)) != m.turn {
		return denied
	}
	return said
}

// before gives the words in front of a phrase, back to the start of its clause, to the last phrase that was
// recognised, or to a word that joins two statements: Chinese ones joined, Latin ones apart, nearest last.
func before(ts []token, m match) (zh string, en []string) {
	shared := m.from > 0 && (ts[m.from-1].text == "or" || ts[m.from-1].text == "nor") // "never opened or dropped" denies both
	for i := m.from - 1; i >= 0 && ts[i].clause == ts[m.from].clause && m.from-i <= 8; i-- {
		t := ts[i]
		if t.thing { // "not the wifi that fails": the name of a thing says nothing for or against
			continue
		}
		if !shared && (t.covered || joins(t.text)) {
			break
		}
		if t.filler {
			continue
		}
		if t.chinese {
			zh = t.text + zh
		} else {
			en = append([]string{t.text}, en...)
		}
	}
	return zh, en
}

func joins(w string) bool {
	switch w {
	case "and", "or", "since", "because", "when", "after", "so", "then", "until", "before":
		return true
	}
	return false
}

func isAsked(zh string, en []string) bool {
	for _, w := range []string{"是不是", "有没", "不知道", "不知", "不确定", "不清楚", "是否"} {
		if strings.HasSuffix(zh, w) {
			return true
		}
	}
	if zh != "" && (strings.Contains(zh, "不知道") || strings.Contains(zh, "不确定") || strings.Contains(zh, "不清楚")) {
		return true
	}
	i := slices.Index(en, "not")
	return (i >= 0 && i+1 < len(en) && (en[i+1] == "know" || en[i+1] == "sure" || en[i+1] == "tell")) || slices.Contains(en, "whether")
}

// asksAfter catches 没网吗 and 是不是 behind the phrase.
func asksAfter(ts []token, m match) bool {
	return m.to < len(ts) && ts[m.to].clause == ts[m.from].clause && (ts[m.to].text == "吗" || ts[m.to].text == "么")
}

// deniedZH: the nearest words before the phrase deny it. A bare 不 or 没 must stand right before it, because further
// away it belongs to another verb (开不了机没网).
func deniedZH(zh string) bool {
	for _, w := range []string{"不仅", "不但", "不光", "要不"} {
		if strings.HasSuffix(zh, w) {
			return false
		}
	}
	for _, gap := range []string{"", "再", "人", "有人", "怎么", "被", "出现", "显示", "提示", "发生", "说", "报", "出"} {
		near := strings.TrimSuffix(zh, gap)
		if gap != "" && near == zh {
			continue
		}
		for _, w := range []string{"不是", "并非", "没", "未", "无", "不会", "不"} {
			if strings.HasSuffix(near, w) {
				return true
			}
		}
		if forbidsZH(near) {
			return true
		}
	}
	return false
}

// forbidsZH: 别 means "do not" (别重启), unless it ends a word of its own (特别慢, 个别).
func forbidsZH(zh string) bool {
	word, ok := strings.CutSuffix(zh, "别")
	if !ok {
		return false
	}
	for _, w := range []string{"特", "个", "分", "区", "识", "级", "类", "性"} {
		if strings.HasSuffix(word, w) {
			return false
		}
	}
	return true
}

func deniedEN(en []string) bool {
	for i, w := range en {
		distance := len(en) - i // 1: right before the phrase
		switch w {
		case "not":
			if i+1 < len(en) && en[i+1] == "only" {
				continue
			}
			if distance <= 4 {
				return true
			}
		case "never", "without", "neither", "nothing", "nobody", "hardly":
			if distance <= 4 {
				return true
			}
		case "no":
			if distance <= 2 {
				return true
			}
		}
	}
	return false
}

// troubleFree: "no problem with", "nothing wrong with" deny a trouble, and leave standing that the thing is there.
func troubleFree(en []string) bool {
	for i := range len(en) - 1 {
		switch en[i+1] {
		case "problem", "issue", "trouble", "fault", "wrong":
			if en[i] == "no" || en[i] == "not" || en[i] == "nothing" || en[i] == "never" {
				return true
			}
		}
	}
	return false
}

// fineAfter: what follows the phrase in its clause says that all is well with it.
func fineAfter(ts []token, m match) bool {
	zh, last := "", ""
	for i := m.to; i < len(ts) && ts[i].clause == ts[m.from].clause && i-m.to <= 5; i++ {
		t := ts[i]
		if t.covered || joins(t.text) {
			break
		}
		if t.chinese {
			zh += t.text
			continue
		}
		switch t.text {
		case "fine", "ok", "okay", "good", "normal", "alright", "great", "working", "work":
			return last != "not"
		}
		if !t.filler {
			last = t.text
		}
	}
	return fineZH(zh)
}

func fineZH(zh string) bool {
	for _, w := range []string{"没问题", "没有问题", "没事", "没毛病", "没坏"} {
		if strings.Contains(zh, w) {
			return true
		}
	}
	if i := strings.Index(zh, "恢复"); i >= 0 && !strings.HasPrefix(zh[i:], "恢复不") && !strings.HasSuffix(zh[:i], "没") && !strings.HasSuffix(zh[:i], "未") {
		return true
	}
	for _, w := range []string{"正常", "好的", "良好", "能用", "可以用"} {
		if i := strings.Index(zh, w); i >= 0 && !strings.HasSuffix(zh[:i], "不") && !strings.HasSuffix(zh[:i], "没") {
			return true
		}
	}
	return false
}
