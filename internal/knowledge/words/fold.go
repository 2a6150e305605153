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
	thing   bool // belongs to the name of a thing
	covered bool // lies in a phrase that was recognised
}

// letter is one character of the original, folded.
type letter struct {
	r          rune
	start, end int
}

// traditional and simplified are parallel: the characters with which people in Hong Kong and Taiwan write about shops, money,
// machines and what is wrong with them.
const (
	traditional = "額掃槍結麼將從兩難頁頻顧題類風飛馬駐騙驟驗驅驚鍵鐵鐘鈴銳銷錄鋰鋪錶鑰鑽鏡長門間閉關閃閘閱閒闆陸隊階隨險隱雙離雲靈靜頂預領頓顆館飯體鮮黃點齊齡齒並" +
		"亂倉備債傷僅價億優償兒內冊則劃動務勞勢區協卻參員問啟啓單嚴團圍園圖圓報場塊壓壞夠夾學寫實審寬寶導屬島帶幣幫幾庫廠廢廣張強彈後徑徵復應戲戶採捲換揚" +
		"損搶撥擇擊擋據擴擺攔敗數斷於時暫曬書會東條棄業極構標樣機橋檔檢櫃權歡歲歷歸殘殼毀氣決沒況淨減測準溫滅滾滿潔潤濕灣為爲無煩熱燈燙營爐牆狀獨獲現環產" +
		"畫異當發皺盜監盤確碼稅種積穩筆節範簽簡籤約級紅紙納純細終組絕絡給統絲經綁綜維網綠緊線緩編緣練縮總績織繞繳繼續繫罰聲職聽聯聞脫腦腳膠臉臺舉舊艙蓋藍" +
		"蘋蝕處號蟲補裝裡裏製複見規視親覺觀觸訂計訊討訓記許設訪診註評詐詢試話該詳認語誤說説誰課調請論諮謝證識譯議護讀變讓訴豐負財貨貼費買貸貿資賣賬賠賴質" +
		"購趕跡軌軟較載輕輛輪輸轉辦農迴連週進遊運過達違遙遞遠適選遲還邊郵鄰醫釋針釘鈔鈕銀銅銘鋼錢錯鏈鍊鎖陣陰陽際雖雜電霧響項順須頭顯飄飲養髒鬆鬧麵黏黴佔" +
		"佈係個們偵側傳儀儲兌凍匯喚嗎嘗國壽妳帳層巖廳態憑慣憂慘戰拋掛撈撐擾攝斃暈曆樓檯欄歐滲漲濾灑災煙燒爍牽猶瑣甦痙皚碩禮稱競籌紋緒縣縱罷羅螢蠟術衝訣詞" +
		"誌諒謹贏贊躍軸輔輯遺鄉錫鍍鐳閥隻雞韌頒頸顏願飽餘餵駕魚鹽塵墊塗廚顫潑澀鏽銹盡鄭這來剛開對乾搖撿聰衛盧緯擁擠濟劑屆屜彎噴噁嘩憶懶揀摻榮櫥歎湊滯瀏烏" +
		"瑪瓊礦籃紡繃罵蘇蝦謊譜貪賀賓轎鄧釣錦閻陳雛鞏飾餅餓駛騎髮鬥鴨麥偽傘剝勵廂厭嘆壯奧娛嬰寧嶺慮憐懸拚擬暢曠棟檳櫻濃濱煉燦爛犧瑩疊癥盞矯稈窩竄籠緝縫纏" +
		"聖肅脹腫腸莊萬葉薑蘆蘭襪訝誘諾豬賽贓趙辭遼鋸鎮鏟鑄鑑頌頗飼饒駱鳥鷹訛蕩纜鈦檻鎔熒攜睏癢鎳鋁矽緻祕証彙鋒錘閂韻籲慶閩"
	simplified = "额扫枪结么将从两难页频顾题类风飞马驻骗骤验驱惊键铁钟铃锐销录锂铺表钥钻镜长门间闭关闪闸阅闲板陆队阶随险隐双离云灵静顶预领顿颗馆饭体鲜黄点齐龄齿并" +
		"乱仓备债伤仅价亿优偿儿内册则划动务劳势区协却参员问启启单严团围园图圆报场块压坏够夹学写实审宽宝导属岛带币帮几库厂废广张强弹后径征复应戏户采卷换扬" +
		"损抢拨择击挡据扩摆拦败数断于时暂晒书会东条弃业极构标样机桥档检柜权欢岁历归残壳毁气决没况净减测准温灭滚满洁润湿湾为为无烦热灯烫营炉墙状独获现环产" +
		"画异当发皱盗监盘确码税种积稳笔节范签简签约级红纸纳纯细终组绝络给统丝经绑综维网绿紧线缓编缘练缩总绩织绕缴继续系罚声职听联闻脱脑脚胶脸台举旧舱盖蓝" +
		"苹蚀处号虫补装里里制复见规视亲觉观触订计讯讨训记许设访诊注评诈询试话该详认语误说说谁课调请论咨谢证识译议护读变让诉丰负财货贴费买贷贸资卖账赔赖质" +
		"购赶迹轨软较载轻辆轮输转办农回连周进游运过达违遥递远适选迟还边邮邻医释针钉钞钮银铜铭钢钱错链链锁阵阴阳际虽杂电雾响项顺须头显飘饮养脏松闹面粘霉占" +
		"布系个们侦侧传仪储兑冻汇唤吗尝国寿你账层岩厅态凭惯忧惨战抛挂捞撑扰摄毙晕历楼台栏欧渗涨滤洒灾烟烧烁牵犹琐苏痉皑硕礼称竞筹纹绪县纵罢罗荧蜡术冲诀词" +
		"志谅谨赢赞跃轴辅辑遗乡锡镀镭阀只鸡韧颁颈颜愿饱余喂驾鱼盐尘垫涂厨颤泼涩锈锈尽郑这来刚开对干摇捡聪卫卢纬拥挤济剂届屉弯喷恶哗忆懒拣掺荣橱叹凑滞浏乌" +
		"玛琼矿篮纺绷骂苏虾谎谱贪贺宾轿邓钓锦阎陈雏巩饰饼饿驶骑发斗鸭麦伪伞剥励厢厌叹壮奥娱婴宁岭虑怜悬拼拟畅旷栋槟樱浓滨炼灿烂牺莹叠症盏矫秆窝窜笼缉缝缠" +
		"圣肃胀肿肠庄万叶姜芦兰袜讶诱诺猪赛赃赵辞辽锯镇铲铸鉴颂颇饲饶骆鸟鹰讹荡缆钛槛熔荧携困痒镍铝硅致秘证汇锋锤闩韵吁庆闽"
)

func simplifier() map[rune]rune {
	out := map[rune]rune{}
	to := []rune(simplified)
	for i, r := range []rune(traditional) {
		out[r] = to[i]
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
	case "n0t":
		return []string{"not"}
	case "n0":
		return []string{"no"}
	case "won't", "wont":
		return []string{"will", "not"}
	case "can't", "cant", "cannot":
		return []string{"can", "not"}
	case "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "hasnt", "havent", "couldnt", "wouldnt":
		return []string{strings.TrimSuffix(w, "nt"), "not"}
	}
	if stemmed, ok := strings.CutSuffix(w, "n't"); ok && stemmed != "" {
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
	word := func(i int) string {
		if i < 0 || i >= len(ts) {
			return ""
		}
		return ts[i].text
	}
	for i := range ts {
		t, before, after := &ts[i], word(i-1), word(i+1)
		switch t.text {
		case "a", "an": // not a charging problem is not "not charging"
			t.filler = before != "not"
			t.light = t.filler
		case "the", "my", "our", "your":
			t.filler, t.light = true, true
		case "的": // 别的 is another one
			t.filler = before != "别"
			t.light = t.filler
		case "this", "that", "any", "very", "just", "really", "still", "always", "completely", "totally", "even", "absolutely", "quite", "suddenly":
			t.filler = true
		case "at":
			t.filler = after == "all"
		case "all": // all cards are not a card
			t.filler = before == "at"
		case "now", "again": // now and again is not now
			t.filler = before != "and" && after != "and"
		case "都", "就", "也", "还", "又", "很", "太":
			t.filler = true
		case "老", "总":
			t.filler = !isNoun(t.text + after)
		case "有":
			t.filler = before == "没"
			t.light = t.filler
		case "是":
			t.filler = before == "老" || before == "总"
		case "全", "本", "刻", "上": // 完全, 根本, 立刻, 马上
			if b := before; b == "完" || b == "根" || b == "立" || b == "马" {
				t.filler, ts[i-1].filler = true, true
			}
		case "直":
			if before == "一" {
				t.filler, ts[i-1].filler = true, true
			}
		}
	}
	return ts
}

// isNoun: words that begin with a character which is elsewhere only an adverb.
func isNoun(w string) bool {
	switch w {
	case "总机", "总台", "总店", "总部", "总额", "总数", "总线", "总闸", "老板", "老化", "老式", "老款", "老机", "老旧", "老人", "老客":
		return true
	}
	return false
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
			if startsWith(ts[i:], turn) && !partOfWord(ts, i, i+len(turn)) {
				shift++
				break
			}
		}
		ts[i].clause += shift
	}
	return ts
}

// partOfWord: the characters are no turn but part of another word: 冷却, and 推不过去, where 不过 follows its verb.
func partOfWord(ts []token, from, to int) bool {
	before, after := "", ""
	if from > 0 {
		before = ts[from-1].text
	}
	if to < len(ts) && ts[to].start == ts[to-1].end {
		after = ts[to].text
	}
	switch ts[from].text {
	case "却":
		return strings.Contains("冷退忘了", before) && before != ""
	case "不":
		return after == "" || strings.Contains("去来关户期了", after) || (before != "" && strings.Contains("刷推传扫读通打拨插验走收付校", before))
	}
	return false
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
