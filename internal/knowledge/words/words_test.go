package words_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/knowledge/words"
	"github.com/posmedic/posmedic/pack"
)

func newReader(t testing.TB) *words.Reader {
	t.Helper()
	p, err := pack.Load(os.DirFS("testdata/pack"))
	if err != nil {
		t.Fatal(err)
	}
	return words.NewReader(p)
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// states gives a reading as "variable=state" words, which is what the tables below compare. That a text is all somebody
// complains of has a test of its own.
func states(r words.Reading) string {
	var out []string
	for _, f := range r.Findings {
		if f.Variable != "screen_text" && f.State != "error_message" {
			out = append(out, f.Variable+"="+f.State)
		}
	}
	return strings.Join(out, " ")
}

func TestReadWhatPeopleSay(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	tests := []struct{ text, want string }{
		// plain, in both languages
		{"机器没网", "main_symptom=no_connection"},
		{"機器沒網", "main_symptom=no_connection"},
		{"POS总是没有网", "main_symptom=no_connection"},
		{"开不了机", "main_symptom=will_not_start"},
		{"昨天开始一直死机，重启就好", "main_symptom=frozen_or_crashes restart_helps=yes"},
		{"We are offline", "main_symptom=no_connection"},
		{"WE ARE OFF-LINE!", "main_symptom=no_connection"},
		{"the terminal won't start", "main_symptom=will_not_start"},
		{"The terminal wont start", "main_symptom=will_not_start"},
		{"It doesn't print", "main_symptom=print_problem"},
		{"ｔｈｅ　ｔｅｒｍｉｎａｌ　ｉｓ　ｄｅａｄ", "main_symptom=will_not_start"},
		{"printing fails, no signal", "main_symptom=print_problem signal_bars=none"},
		{"断网恢复后打印不出来", "main_symptom=print_problem"},
		// slips; a word that is in the vocabulary is no slip for another
		{"it is offline while it rains", "main_symptom=no_connection"},
		{"the wireless network is a white cable away", "link_type=wifi network_check=fails"},
		{"there is no conection", "main_symptom=no_connection"},
		{"the app freezs", "main_symptom=frozen_or_crashes"},
		{"n0 signal", "signal_bars=none"},
		{"the screen is frosen", "main_symptom=frozen_or_crashes"},
		// the first thing said is the main one
		{"it hangs and does not print", "main_symptom=frozen_or_crashes"},
		// negation
		{"不是没网", ""},
		{"不是没信号", "signal_bars=good"},
		{"没有断网", ""},
		{"没断网，就是打印不出来", "main_symptom=print_problem"},
		{"开不了机没网", "main_symptom=will_not_start"},
		{"网络没问题，但是死机", "main_symptom=frozen_or_crashes network_check=ok"},
		{"网络正常", "network_check=ok"},
		{"网络不正常", "network_check=fails"},
		{"Wi-Fi is fine", "link_type=wifi network_check=ok"},
		{"Wi-Fi is not fine", "link_type=wifi network_check=fails"},
		{"no problem with the wifi but the terminal is dead", "link_type=wifi main_symptom=will_not_start network_check=ok"},
		{"It is not offline", ""},
		{"it isn't offline, it freezes", "main_symptom=frozen_or_crashes"},
		{"not only offline", "main_symptom=no_connection"},
		{"It will not start and there is no connection", "main_symptom=will_not_start"},
		{"restarting helped", "restart_helps=yes"},
		{"手机能上网", "other_devices_online=yes"},
		{"手机不能上网", ""},
		// words that only look like a denial or a turn
		{"手机不能上网，特别没信号", "signal_bars=none"},
		{"别的都好，就是没网", "main_symptom=no_connection"},
		{"推不过去没网", "main_symptom=no_connection"},
		{"冷却以后没网", "main_symptom=no_connection"},
		{"不是没网不过死机", "main_symptom=frozen_or_crashes"},
		{"没断网却死机", "main_symptom=frozen_or_crashes"},
		// words of which one character is elsewhere only an adverb
		{"走总机的电话", "line_kind=behind_switchboard"},
		{"总是死机", "main_symptom=frozen_or_crashes"},
		{"走老机", ""},
		// "all" and "again" that mean something
		{"declines this card", "card_scope=one_card_or_payer"},
		{"declines all cards", "card_scope=many_or_all_cards"},
		{"it works and freezes now and again", "main_symptom=frozen_or_crashes"},
		{"there is no connection at all", "main_symptom=no_connection"},
		// what is frozen
		{"our account is frozen", "main_symptom=sales_fail merchant_status=frozen_or_under_review"},
		{"they have a frozen account", "main_symptom=sales_fail merchant_status=frozen_or_under_review"},
		{"the frozen screen", "main_symptom=frozen_or_crashes"},
		{"刷卡機沒網", "main_symptom=no_connection"},
		// as Hong Kong and Taiwan write
		{"掃描槍死機，重啟有用", "main_symptom=frozen_or_crashes restart_helps=yes"},
		{"金額推不過去，手機能上網", "other_devices_online=yes"},
		{"結賬後打不出小票", "main_symptom=print_problem"},
		// nobody knows
		{"不知道是不是没网", ""},
		{"是不是没网？", ""},
		{"没网吗？", ""},
		{"I don't know whether it is offline", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			if got := states(r.Read(tt.text, noon, finding.Merchant)); got != tt.want {
				t.Errorf("read %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadScreensAndCodes(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	tests := []struct{ text, want string }{
		{"97", "response_code=97 screen_message=response_code"},
		{"９７", "response_code=97 screen_message=response_code"},
		{"代码97", "response_code=97 screen_message=response_code"},
		{"刷卡报97，别的都好", "response_code=97 screen_message=response_code"},
		{"应答码 A0", "response_code=A0 screen_message=response_code"},
		{"应答码：AO", "response_code=A0 screen_message=response_code"},
		{"error 05", "response_code=05 screen_message=response_code"},
		{"Error: O5", "response_code=05 screen_message=response_code"},
		{"it shows response code 5l", "response_code=51 screen_message=response_code"},
		{"Diagnostic code 31, call never goes through", "response_code=31 response_code_set=other screen_message=response_code"},
		{"Diagnostic code 22", "response_code=DIAG22 response_code_set=other screen_message=response_code"},
		{"诊断代码22", "response_code=DIAG22 response_code_set=other screen_message=response_code"},
		{"诊断码 31", "response_code=31 response_code_set=other screen_message=response_code"},
		{"银联返回码97", "response_code=97 response_code_set=unionpay screen_message=response_code"},
		{"girocard: error 97", "response_code=97 response_code_set=gicc screen_message=response_code"},
		{"Response code 22", "response_code=22 screen_message=response_code"},
		{"显示错误代码ffc。", "response_code=FFC screen_message=response_code"},
		{"连着几笔都报A0,MAC校验错。", "response_code=A0 screen_message=key_error"},
		{"报错3次以后死机", "main_symptom=frozen_or_crashes"},
		{"error 30 seconds later", ""},
		{"屏幕显示20%的电", ""},
		// vendors' messages
		{"it says 'PED TAMPERED'", "screen_message=tamper_alert"},
		{"starts up with 'PED Tampered / POS be attacked, all keys cleared'", "screen_message=tamper_alert"},
		{"ped  TAMPERED", "screen_message=tamper_alert"},
		{"P E D tampered", "screen_message=tamper_alert"},
		{"PED TAMPFRED", "screen_message=tamper_alert"},
		{"POS显示“商户异常被停用”,前几天老用自己的卡刷整数。", "screen_message=merchant_disabled"},
		{"it does not say Reader not assigned", ""},
		// words alone
		{"早上开机提示“签到过期”。", "screen_message=not_signed_in"},
		{"带着机器去外地出差,一刷就提示“超出使用范围”", "screen_message=location_restricted"},
		{"手机PAY交易一直显示「系统维护中」", "screen_message=host_unavailable"},
		{"COMM ERROR", "screen_message=comm_error"},
		{"C0MM ERR0R", "screen_message=comm_error"},
		{"TCPIP ERROR on every card this morning.", "screen_message=comm_error"},
		{"The screen says \"Please load paper\"", "screen_message=out_of_paper"},
		{"Fresh reader says 'Device Not Initialized'.", "screen_message=download_needed"},
		{"请重新签到", "screen_message=not_signed_in"},
		{"No route to host", "screen_message=comm_error"},
		{"超出单笔限额", "screen_message=not_permitted"},
		{"終端未激活", "screen_message=terminal_disabled"},
		{"printer shows no 'out of paper'", ""},
		{"screen says 'Hello Kitty'", "screen_message=other"},
		// talk that only sounds like a screen
		{"the man at the till was busy and we had to wait for paper and then for the next customer to come", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			if got := states(r.Read(tt.text, noon, finding.Merchant)); got != tt.want {
				t.Errorf("read %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadKeepsTheWords(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	text := "早上没网，屏幕显示“签到过期”，老板去买菜了。"
	got := r.Read(text, noon, finding.Merchant)
	want := []finding.Finding{
		{Variable: "main_symptom", State: "no_connection", At: noon, Source: finding.Merchant, Confidence: 1, Detail: "没网"},
		{Variable: "screen_message", State: "not_signed_in", At: noon, Source: finding.Merchant, Confidence: 1, Detail: "签到过期"},
		{Variable: "screen_text", State: "签到过期", At: noon, Source: finding.Merchant, Confidence: 1, Detail: "签到过期"},
	}
	if diff := cmp.Diff(want, got.Findings); diff != "" {
		t.Error(diff)
	}
	for _, s := range got.Spans {
		if text[s.Start:s.End] != s.Words {
			t.Errorf("span %+v is not at its place", s)
		}
	}
	if len(got.Spans) != 3 || got.Spans[0].Variable != "main_symptom" {
		t.Errorf("spans %+v", got.Spans)
	}
	if diff := cmp.Diff([]string{"老板去买菜了"}, got.NotUnderstood); diff != "" {
		t.Error(diff)
	}
	t.Run("a denial is less sure than a statement and a slip less sure than the right word", func(t *testing.T) {
		t.Parallel()
		denial := r.Read("不是没信号", noon, finding.Merchant).Findings[0].Confidence
		slip := r.Read("the screen is frosen", noon, finding.Merchant).Findings[0].Confidence
		if denial >= 1 || slip >= 1 {
			t.Errorf("confidences %v and %v", denial, slip)
		}
	})
	t.Run("a message read badly is kept as its vendor writes it, beside what was read", func(t *testing.T) {
		t.Parallel()
		for _, f := range r.Read("it says PED TAMPFRED", noon, finding.Merchant).Findings {
			if f.Variable == "screen_text" && (f.State != "PED TAMPERED" || f.Detail != "PED TAMPFRED") {
				t.Errorf("finding %+v", f)
			}
		}
	})
	t.Run("a text or code is the complaint where nothing else is complained of", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string]string{"97": "error_message", "it says COMM ERROR": "error_message", "COMM ERROR and it freezes": "frozen_or_crashes", "it says please wait": ""} {
			state := ""
			for _, f := range r.Read(text, noon, finding.Merchant).Findings {
				if f.Variable == "main_symptom" {
					state = f.State
				}
			}
			if state != want {
				t.Errorf("%q: read %q, want %q", text, state, want)
			}
		}
	})
	t.Run("what is too long is cut and said to be", func(t *testing.T) {
		t.Parallel()
		got := r.Read(strings.Repeat("好", words.MaxText), noon, finding.Merchant)
		if len(got.NotUnderstood) == 0 || got.NotUnderstood[len(got.NotUnderstood)-1] != "…" {
			t.Errorf("not understood: %q", got.NotUnderstood)
		}
	})
}

// testPAN makes a number that passes the check digit and belongs to nobody.
func testPAN(t testing.TB, stem string) string {
	t.Helper()
	for c := '0'; c <= '9'; c++ {
		if _, err := carddata.NewPAN(stem + string(c)); err == nil {
			return stem + string(c)
		}
	}
	t.Fatal("no check digit fits")
	return ""
}

func TestReadKeepsNoCardData(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	a, b := testPAN(t, "629999000000123"), testPAN(t, "629999000000777")
	for name, text := range map[string]string{
		"one card":             "card " + a + " no connection",
		"two cards":            "cards " + a + " " + b + " 没网",
		"a card in a message":  "it says 'card error " + a[:4] + " " + a[4:8] + " " + a[8:12] + " " + a[12:] + "' 没网",
		"full-width digits":    strings.Map(func(r rune) rune { return r + 0xFEE0 }, a) + "没网",
		"a PIN":                "顾客的密码是123456，没网",
		"a card like the mark": carddata.Removed + " " + a + " " + carddata.Removed + " 没网",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := r.Read(text, noon, finding.Merchant)
			all := fmt.Sprintf("%+v", got)
			if _, n := carddata.Scrub(all); n > 0 || strings.Contains(all, "123456") {
				t.Errorf("kept: %s", all)
			}
			found := false
			for _, s := range got.Spans {
				if s.Variable == "main_symptom" {
					found = text[s.Start:s.End] == s.Words
				}
			}
			if !found {
				t.Errorf("the offsets moved: %+v", got.Spans)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	r := newReader(b)
	for name, text := range map[string]string{
		"complaint": "早上没网，屏幕显示“签到过期”，老板去买菜了。the app freezs and error 05",
		"worst":     strings.Repeat("conection e ", words.MaxText/12),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.Read(text, noon, finding.Merchant)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	r := newReader(f)
	for _, seed := range []string{"", "没网", "it says 'PED TAMPERED'", "error 05", "不是没网，但是打印不出来", "\xff\xfe没", "'''", "“”“", "O5 l1 I",
		"can't won't n't '", "wi-fi-", "４１１１ 4111", "[card-data]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := r.Read(text, noon, finding.Merchant)
		seen := map[string]bool{}
		for _, x := range got.Findings {
			if seen[x.Variable] || x.State == "" || x.Confidence <= 0 || x.Confidence > 1 || x.At != noon {
				t.Fatalf("finding %+v", x)
			}
			seen[x.Variable] = true
		}
		if len(got.Spans) != len(got.Findings) {
			t.Fatalf("%d spans of %d findings", len(got.Spans), len(got.Findings))
		}
		for _, s := range got.Spans {
			if s.Start < 0 || s.Start >= s.End || s.End > len(text) || s.End-s.Start != len(s.Words) {
				t.Fatalf("span %+v of %d bytes", s, len(text))
			}
		}
		if utf8.ValidString(text) {
			for _, x := range got.NotUnderstood {
				if !utf8.ValidString(x) {
					t.Fatalf("cut inside a character: %q", x)
				}
			}
		}
	})
}
