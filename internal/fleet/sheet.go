package fleet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Bounds of a sheet.
const (
	MaxSheetRows  = 5000
	MaxSheetBytes = 4 << 20
)

// Sheet is a table of terminals as spreadsheets export it: comma-separated, the first line names the columns.
type Sheet struct {
	Rows    []SheetRow
	Ignored []string // columns that mean nothing here, as they are written
}

// SheetRow is one line of a sheet: a registration, or why it is none.
type SheetRow struct {
	Line int // as a text editor counts, from 1
	Registration
	Err error
}

// The errors of a whole sheet.
var (
	ErrSheetLarge = problem.New(problem.TooLarge, "fleet.sheet_too_large",
		lang.Text{ZH: "表格太大", EN: "the sheet is too large"}).
		WithHint(lang.Text{ZH: "每次最多 5000 行、4 MiB，请分几次导入", EN: "at most 5,000 rows and 4 MiB at once; import it in parts"})
	ErrSheetWords = problem.New(problem.Invalid, "fleet.sheet_encoding",
		lang.Text{ZH: "表格的文字编码不认识", EN: "the letters of the sheet cannot be read"}).
		WithHint(lang.Text{ZH: "请另存为“CSV UTF-8”", EN: "save it as CSV UTF-8"})
	ErrSheetColumns = problem.New(problem.Invalid, "fleet.sheet_columns",
		lang.Text{ZH: "表格第一行缺少必需的列，或有重复的列", EN: "the first line of the sheet lacks a column that is needed, or names one twice"})
	ErrSheetEmpty = problem.New(problem.Invalid, "fleet.sheet_empty",
		lang.Text{ZH: "表格里没有终端", EN: "there is no terminal in the sheet"}).
		WithHint(lang.Text{ZH: "第一行是列名，从第二行起每行一台终端", EN: "the first line names the columns; each further line is a terminal"})
	ErrSheetLine = problem.New(problem.Invalid, "fleet.sheet_line",
		lang.Text{ZH: "这一行读不出来", EN: "this line cannot be read"}).
		WithHint(lang.Text{ZH: "列数要与第一行一样，引号要成对", EN: "it must have as many columns as the first line, and quotes in pairs"})
)

// column is what a column of the sheet fills in.
type column struct {
	names    []string // in lower case
	required bool
	set      func(*Registration, string)
}

func attribute(a Attribute, names ...string) column {
	return column{names: append([]string{string(a)}, names...), set: func(r *Registration, v string) { r.Attributes[a] = v }}
}

func columns() []column {
	return []column{
		{[]string{"tid", "终端号"}, true, func(r *Registration, v string) { r.TID = v }},
		{[]string{"mid", "商户号"}, true, func(r *Registration, v string) { r.MID = v }},
		{[]string{"merchant", "商户", "商户名称"}, true, func(r *Registration, v string) { r.Merchant = v }},
		{[]string{"site", "门店", "门店名称"}, true, func(r *Registration, v string) { r.Site = v }},
		{[]string{"address", "地址"}, false, func(r *Registration, v string) { r.Address = v }},
		{[]string{"area", "片区", "区域"}, false, func(r *Registration, v string) { r.Area = v }},
		{[]string{"acquirer", "收单机构"}, false, func(r *Registration, v string) {
			if v != "" {
				r.Acquirer = v
			}
		}},
		attribute(Host, "主机"), attribute(Carrier, "运营商"), attribute(Cell, "基站"), attribute(Region, "地区"),
		attribute(AppVersion, "应用版本"), attribute(Firmware, "固件"), attribute(Params, "参数"), attribute(Certificate, "证书"),
	}
}

// ReadSheet reads a sheet; acquirer is whose terminals they are where no column says so. Its error is about the whole
// sheet. A mistake in a line stays with the line, and a TID that stood on an earlier line is one.
func ReadSheet(in io.Reader, acquirer string) (Sheet, error) {
	raw, err := readText(in)
	if err != nil {
		return Sheet{}, err
	}
	r := csv.NewReader(bytes.NewReader(raw))
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		return Sheet{}, ErrSheetEmpty.Because(err)
	}
	places, ignored, err := match(header)
	if err != nil {
		return Sheet{}, err
	}
	s := Sheet{Ignored: ignored}
	seen := map[string]int{}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && strings.TrimSpace(strings.Join(fields, "")) == "" {
			continue // spreadsheets export the empty lines below a table, too
		}
		if len(s.Rows) == MaxSheetRows {
			return Sheet{}, ErrSheetLarge
		}
		row := readRow(r, fields, err, places, acquirer)
		if key := row.Acquirer + " " + row.TID; row.Err == nil && seen[key] != 0 {
			row.Err = twice(seen[key])
		} else if row.Err == nil {
			seen[key] = row.Line
		}
		s.Rows = append(s.Rows, row)
	}
	if len(s.Rows) == 0 {
		return Sheet{}, ErrSheetEmpty
	}
	return s, nil
}

// readText reads what spreadsheets write: UTF-8 with or without a mark, or GB 18030, as a Chinese Excel does.
func readText(in io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(in, MaxSheetBytes+1))
	if err != nil {
		return nil, ErrSheetWords.Because(err)
	}
	if len(raw) > MaxSheetBytes {
		return nil, ErrSheetLarge
	}
	if raw = bytes.TrimPrefix(raw, []byte("\ufeff")); utf8.Valid(raw) {
		return raw, nil
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
		return nil, ErrSheetWords.Because(err)
	}
	return decoded, nil
}

// match finds what each column fills in; nil for one that means nothing here.
func match(header []string) (places []func(*Registration, string), ignored []string, err error) {
	all := columns()
	by, taken := map[string]int{}, map[int]bool{}
	for i, c := range all {
		for _, name := range c.names {
			by[name] = i
		}
	}
	for _, title := range header {
		i, known := by[strings.ToLower(strings.TrimSpace(title))]
		switch {
		case !known:
			places, ignored = append(places, nil), append(ignored, clip(title))
		case taken[i]:
			return nil, nil, wrongColumns(all[i].names[0])
		default:
			taken[i] = true
			places = append(places, all[i].set)
		}
	}
	for i, c := range all {
		if c.required && !taken[i] {
			return nil, nil, wrongColumns(c.names[0])
		}
	}
	return places, ignored, nil
}

func wrongColumns(name string) error {
	return ErrSheetColumns.WithHint(lang.Text{
		ZH: "请检查列 " + name + "。需要 tid、mid、merchant、site；可以有 address、area、acquirer、host、carrier、cell、app_version、params、certificate",
		EN: "look at the column " + name + ". Needed: tid, mid, merchant, site; may be there: address, area, acquirer, host, carrier, cell, app_version, params, certificate",
	})
}

// clip bounds a column's title that is shown back.
func clip(title string) string {
	if HoldsCard(title) {
		return "?"
	}
	const most = 40
	if runes := []rune(title); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return title
}

func readRow(r *csv.Reader, fields []string, err error, places []func(*Registration, string), acquirer string) SheetRow {
	row := SheetRow{Registration: Registration{Acquirer: acquirer, Attributes: map[Attribute]string{}}}
	if err != nil {
		var mistake *csv.ParseError
		if errors.As(err, &mistake) {
			row.Line = mistake.StartLine
		}
		row.Err = ErrSheetLine.Because(err)
		return row
	}
	row.Line, _ = r.FieldPos(0)
	for i, set := range places {
		if set != nil {
			set(&row.Registration, fields[i])
		}
	}
	row.Registration = row.Trimmed()
	row.Err = row.Check()
	return row
}

func twice(line int) error {
	return problem.New(problem.Conflict, "fleet.sheet_twice", lang.Text{
		ZH: fmt.Sprintf("这个终端号在第 %d 行已经出现", line), EN: fmt.Sprintf("this terminal number stands on line %d already", line),
	}).WithHint(lang.Text{ZH: "每台终端只留一行", EN: "keep one line for each terminal"})
}
