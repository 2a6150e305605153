package words

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// token is one word of the text, folded: a Chinese character, or a run of Latin letters and digits. Everything is
// compared token by token, so that blanks, hyphens, case and width make no difference.
type token struct {
	text    string
	start   int // byte offsets in the original text
	end     int
	clause  int
	chinese bool
	next    rune // what follows at once, 0 at the end
	filler  bool // carries no meaning of its own; the text may have it inside a phrase
	light   bool // a filler so light that phrases are compared without it
	known   bool // a word of the vocabulary or of plain grammar: no slip for another word
	covered bool // lies in a phrase that was recognised
}

// letter is one character of the original, folded.
type letter struct {
	r          rune
	start, end int
}

// traditional and simplified are parallel: the characters of our trade that Hong Kong and Taiwan write differently.
const (
	traditional = "機網絡碼顯報錯誤電壞開關鎖帳號戶進連線聯訊號簽過離斷讀寫卡單據紙熱敏調應終號設備處無沒說聲鈕鍵屏幕暗亮燈發燙壓災濕發現響應緩慢凍結項請輸退貨營業時間檔更換東側邊實體點數據轉帳掃帶條遲驗證書級軟體硬體統頭齒塊盤內買賣錢庫額對賬銷預約維護維修復製後臺臺灣國際銀聯儲傳輸員務經證餘檢測結束閃動畫觸摸雜損壽種類區樓裝舊遠檢查簡訊週個嗎呢們這樣還沒來剛會為什麼"
	simplified  = "机网络码显报错误电坏开关锁账号户进连线联讯号签过离断读写卡单据纸热敏调应终号设备处无没说声钮键屏幕暗亮灯发烫压灾湿发现响应缓慢冻结项请输退货营业时间档更换东侧边实体点数据转账扫带条迟验证书级软体硬体统头齿块盘内买卖钱库额对账销预约维护维修复制后台台湾国际银联储传输员务经证余检测结束闪动画触摸杂损寿种类区楼装旧远检查简讯周个吗呢们这样还没来刚会为什么"
)

func simplifier() map[rune]rune {
	out := map[rune]rune{}
	to := []rune(simplified)
	for i, r := range []rune(traditional) {
		if i < len(to) && r != to[i] {
			out[r] = to[i]
		}
	}
	return out
}

// fold gives the characters in one form: narrow, lower case, simplified, plain quotes.
func fold(text string, simple map[rune]rune) []letter {
	out := make([]letter, 0, len(text))
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if f := width.LookupRune(r).Folded(); f != 0 && r != utf8.RuneError {
			r = f
		}
		r = unicode.ToLower(r)
		if s, ok := simple[r]; ok {
			r = s
		}
		switch r {
		case '’', '‘', '`', '´':
			r = '\''
		case '，', '｡':
			r = ','
		}
		out = append(out, letter{r: r, start: i, end: i + size})
		i += size
	}
	return out
}

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

func isChinese(r rune) bool { return unicode.Is(unicode.Han, r) }

// endsClause says whether the character at i ends a clause. A dot inside a number or a name does not.
func endsClause(letters []letter, i int) bool {
	switch letters[i].r {
	case ',', ';', '!', '?', '。', '、', '\n', '\r', '…':
		return true
	case '.':
		return i+1 >= len(letters) || !isLatin(letters[i+1].r)
	}
	return false
}

// tokens cuts the text into words and marks the clauses.
func tokens(letters []letter) []token {
	var out []token
	clause := 0
	for i := 0; i < len(letters); {
		switch r := letters[i].r; {
		case isChinese(r):
			out = append(out, token{text: string(r), start: letters[i].start, end: letters[i].end, clause: clause, chinese: true})
			i++
		case isLatin(r):
			j := latinEnd(letters, i)
			out = append(out, latinTokens(letters[i:j], clause)...)
			i = j
		default:
			if endsClause(letters, i) {
				clause++
			}
			i++
		}
	}
	for i := range out {
		k := sort.Search(len(letters), func(k int) bool { return letters[k].start >= out[i].end })
		if k < len(letters) {
			out[i].next = letters[k].r
		}
	}
	return splitAtTurns(markFillers(out))
}

// latinEnd finds the end of a word; hyphens and apostrophes inside it belong to it.
func latinEnd(letters []letter, i int) int {
	j := i
	for j < len(letters) {
		r := letters[j].r
		inner := (r == '-' || r == '\'') && j+1 < len(letters) && isLatin(letters[j+1].r) && j > i
		if !isLatin(r) && !inner {
			break
		}
		j++
	}
	return j
}

// latinTokens gives a word as it is compared: contractions written out, hyphens gone, endings cut.
func latinTokens(letters []letter, clause int) []token {
	var b strings.Builder
	for _, l := range letters {
		if l.r != '-' {
			b.WriteRune(l.r)
		}
	}
	var out []token
	for _, w := range writeOut(b.String()) {
		out = append(out, token{text: stem(w), start: letters[0].start, end: letters[len(letters)-1].end, clause: clause})
	}
	return out
}

// writeOut turns contractions into the words they stand for, also where the apostrophe was forgotten.
func writeOut(w string) []string {
	switch w {
	case "won't", "wont":
		return []string{"will", "not"}
	case "can't", "cant", "cannot":
		return []string{"can", "not"}
	case "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "hasnt", "havent", "couldnt", "wouldnt":
		return []string{strings.TrimSuffix(w, "nt"), "not"}
	}
	if stemmed, ok := strings.CutSuffix(w, "n't"); ok {
		return []string{stemmed, "not"}
	}
	w, _, _ = strings.Cut(w, "'") // it's, we're, merchant's
	if w == "" {
		return nil
	}
	return []string{w}
}

// stem cuts the plural s, which is all the grammar that phrases need: authors list the other forms.
func stem(w string) string {
	if len(w) > 4 && strings.HasSuffix(w, "ies") {
		return w[:len(w)-3] + "y"
	}
	if len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is") {
		return w[:len(w)-1]
	}
	return w
}

// markFillers marks words that may stand inside a phrase without changing it.
func markFillers(ts []token) []token {
	for i := range ts {
		t := &ts[i]
		switch t.text {
		case "the", "a", "an", "my", "our", "your", "的":
			t.filler, t.light = true, true
		case "this", "that", "any", "very", "just", "really", "still", "now", "at", "all", "again", "always":
			t.filler = true
		case "都", "就", "也", "还", "又", "老", "总", "很", "太":
			t.filler = true
		case "有":
			t.filler = i > 0 && ts[i-1].text == "没"
			t.light = t.filler
		case "是":
			t.filler = i > 0 && (ts[i-1].text == "老" || ts[i-1].text == "总")
		case "直":
			if i > 0 && ts[i-1].text == "一" {
				t.filler, ts[i-1].filler = true, true
			}
		}
	}
	return ts
}

// isGrammar: words of plain English that one slip would make into another word.
func isGrammar(w string) bool {
	switch w {
	case "while", "there", "their", "where", "which", "three", "these", "those", "other", "every", "about", "after", "since",
		"until", "would", "could", "should", "never", "again", "first", "right", "least", "quite", "might", "being", "under":
		return true
	}
	return false
}

// turns are the words after which another thing is said: what is negated before them is not negated after.
func turns() [][]string {
	return [][]string{{"but"}, {"however"}, {"though"}, {"although"}, {"while"}, {"whereas"}, {"except"}, {"yet"},
		{"但"}, {"不", "过"}, {"可", "是"}, {"然", "而"}, {"却"}, {"只", "是"}, {"而", "且"}}
}

func splitAtTurns(ts []token) []token {
	shift := 0
	all := turns()
	for i := range ts {
		for _, turn := range all {
			if startsWith(ts[i:], turn) {
				shift++
				break
			}
		}
		ts[i].clause += shift
	}
	return ts
}

func startsWith(ts []token, words []string) bool {
	if len(ts) < len(words) {
		return false
	}
	for i, w := range words {
		if ts[i].text != w || ts[i].clause != ts[0].clause {
			return false
		}
	}
	return true
}
