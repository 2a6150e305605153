package fleet

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestASheetIsReadAsSpreadsheetsWriteIt(t *testing.T) {
	t.Parallel()
	const plain = "TID,mid,merchant,site,area,Host,model\r\n10000001, 898000000000001 ,老王面馆,一店,north,h1,A920\r\n,,,,,,\r\n"
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String("终端号,商户号,商户,门店,片区,主机,model\n10000001,898000000000001,老王面馆,一店,north,h1,A920\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"UTF-8": plain, "with a mark": "\ufeff" + plain, "Chinese titles in GB 18030": gbk} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ReadSheet(strings.NewReader(text), "acme")
			if err != nil || len(s.Rows) != 1 || !slices.Equal(s.Ignored, []string{"model"}) {
				t.Fatalf("%+v, %v", s, err)
			}
			r := s.Rows[0]
			if r.Err != nil || r.Line != 2 || r.Acquirer != "acme" || r.TID != "10000001" || r.MID != "898000000000001" ||
				r.Merchant != "老王面馆" || r.Site != "一店" || r.Area != "north" || r.Attributes[Host] != "h1" || len(r.Attributes) != 1 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestAMistakeStaysWithItsLine(t *testing.T) {
	t.Parallel()
	s, err := ReadSheet(strings.NewReader(`tid,mid,merchant,site,address
10000001,1,M,"first
second line"
10000001,1,M,S,
10 000,1,M,S,
10000002,,M,S,
10000003,1,,S,
10000004,1,M,,
10000005,1,M,S
10000006,1,M,"S"x,
10000007,1,M,S,4111 1111 1111 1111
10000008,1,M,S,`+strings.Repeat("x", 300)+`
10000001,1,M,S,
10000009,1,M,S,
10000010,1,M,"a`+"\x00"+`b",
`), "a")
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]error{
		2: ErrSheetLine, 5: ErrTID, 6: ErrMID, 7: ErrMerchantName, 8: ErrSiteName, 9: ErrSheetLine, 10: ErrSheetLine,
		11: ErrCardData, 12: ErrPlace, 13: nil, 4: nil, 14: nil, 15: ErrSiteName,
	}
	for _, r := range s.Rows {
		expected, known := want[r.Line]
		delete(want, r.Line)
		switch {
		case !known:
			t.Errorf("line %d: %v", r.Line, r.Err)
		case r.Line == 13:
			if r.Err == nil || !strings.Contains(r.Err.Error(), "line 4") {
				t.Errorf("the second 10000001: %v", r.Err)
			}
		case !errors.Is(r.Err, expected) && r.Err != expected:
			t.Errorf("line %d: %v; want %v", r.Line, r.Err, expected)
		}
	}
	for line := range want {
		t.Errorf("nothing is said of line %d", line)
	}
}

func TestMerchantNumbersAreNotTakenForCards(t *testing.T) {
	t.Parallel()
	r := Registration{Acquirer: "a", TID: "1", Merchant: "M", Site: "S"}
	for mid, want := range map[string]error{
		"898000000000005": nil, "378282246310005": ErrCardData, "30569309025904": ErrCardData, "M1": nil,
	} {
		r.MID = mid
		if err := r.Check(); err != want && !errors.Is(err, want) {
			t.Errorf("%s: %v", mid, err)
		}
	}
}

func TestASheetThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	const head = "tid,mid,merchant,site\n"
	var many strings.Builder
	many.WriteString(head)
	for i := range MaxSheetRows + 1 {
		many.WriteString(strconv.Itoa(10000000+i) + ",1,M,S\n")
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":              {"", ErrSheetEmpty},
		"only titles":        {head, ErrSheetEmpty},
		"a column missing":   {"tid,mid,merchant\n1,2,3\n", ErrSheetColumns},
		"a column twice":     {"tid,mid,merchant,site,终端号\n1,2,3,4,5\n", ErrSheetColumns},
		"too many rows":      {many.String(), ErrSheetLarge},
		"too many bytes":     {head + strings.Repeat("x", MaxSheetBytes), ErrSheetLarge},
		"no text at all":     {head + "\xff\xff\xff\xff\n", ErrSheetWords},
		"a picture by error": {"\x89PNG\r\n\x1a\n\x00", ErrSheetColumns},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ReadSheet(strings.NewReader(c.text), "a"); !errors.Is(err, c.want) {
				t.Errorf("%v; want %v", err, c.want)
			}
		})
	}
}

func FuzzReadSheet(f *testing.F) {
	f.Add("tid,mid,merchant,site\n1,2,3,4\n")
	f.Add("tid,mid,merchant,site\n\"1,2,3\n4")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ReadSheet(strings.NewReader(text), "a")
		if err != nil {
			return
		}
		for _, r := range s.Rows {
			if r.Err == nil && r.Check() != nil {
				t.Errorf("line %d was taken and breaks a rule", r.Line)
			}
		}
	})
}
