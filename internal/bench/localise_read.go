package bench

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/posmedic/posmedic/internal/incident/localise"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// massFailure is one case: the file of its leaves, and the combinations that are known to have caused it.
type massFailure struct {
	file  string
	truth []string // as "a=a1&c=c2", attributes in order
}

// massFailures are the cases of a folder, by the name of the folder that lists them.
type massFailures struct {
	setting string
	cases   []massFailure
}

// truthFile lists the cases of a folder.
const truthFile = "injection_info.csv"

// mostLeaves and mostBytes bound what a file of leaves may hold.
const (
	mostLeaves = 5_000_000
	mostBytes  = 1 << 30
)

// readMassFailures walks a folder for lists of cases.
func readMassFailures(dir string) ([]massFailures, error) {
	var out []massFailures
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return unreadableLeaves(path, 0, lang.Text{ZH: "打不开", EN: "cannot be opened"}, err)
		}
		if d.IsDir() || d.Name() != truthFile {
			return nil
		}
		cases, err := readTruth(path)
		if err != nil {
			return err
		}
		// A sample of a public set comes with the whole list: what is not there is not measured.
		cases = slices.DeleteFunc(cases, func(c massFailure) bool {
			_, err := os.Stat(c.file)
			return errors.Is(err, fs.ErrNotExist)
		})
		if len(cases) > 0 {
			out = append(out, massFailures{setting: filepath.Base(filepath.Dir(path)), cases: cases})
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = unreadableLeaves(dir, 0, lang.Text{
			ZH: "里面没有 " + truthFile + " 和其中的故障数据", EN: "there is no " + truthFile + " in it with the leaves of its cases",
		}, nil)
	}
	return out, err
}

// readTruth reads the list of cases of one folder.
func readTruth(path string) ([]massFailure, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadableLeaves(path, 0, lang.Text{ZH: "打不开", EN: "cannot be opened"}, err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	set, stamp := slices.Index(header, "set"), slices.Index(header, "timestamp")
	if err != nil || set < 0 || stamp < 0 {
		return nil, unreadableLeaves(path, 1, lang.Text{ZH: "表头里要有 set 和 timestamp", EN: "its header names no set and timestamp"}, err)
	}
	var out []massFailure
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			return nil, unreadableLeaves(path, line, lang.Text{ZH: err.Error(), EN: err.Error()}, err)
		}
		truth, ok := combinations(row[set])
		if !ok || !plainName(row[stamp]) {
			return nil, unreadableLeaves(path, line, lang.Text{ZH: "写不对，应如 a=a1&c=c2;b=b3", EN: "it does not read like a=a1&c=c2;b=b3"}, nil)
		}
		out = append(out, massFailure{file: filepath.Join(filepath.Dir(path), row[stamp]+".csv"), truth: truth})
	}
}

func plainName(s string) bool { return s != "" && filepath.Base(s) == s && s != ".." && s != "." }

// combinations reads "a=a1&c=c2;b=b3"; one named twice counts once.
func combinations(s string) ([]string, bool) {
	var out []string
	for one := range strings.SplitSeq(s, ";") {
		pairs := strings.Split(one, "&")
		for _, p := range pairs {
			if name, value, ok := strings.Cut(p, "="); !ok || name == "" || value == "" {
				return nil, false
			}
		}
		slices.Sort(pairs)
		if joined := strings.Join(pairs, "&"); !slices.Contains(out, joined) {
			out = append(out, joined)
		}
	}
	return out, true
}

// readLeaves reads real,predict and the attributes. The whole file is one string, of which the values are parts.
func readLeaves(path string) (localise.Table, error) {
	info, err := os.Stat(path)
	if err != nil {
		return localise.Table{}, unreadableLeaves(path, 0, lang.Text{ZH: "打不开", EN: "cannot be opened"}, err)
	}
	if info.Size() > mostBytes {
		return localise.Table{}, unreadableLeaves(path, 0, lang.Text{ZH: "文件太大", EN: "is too large"}, nil)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return localise.Table{}, unreadableLeaves(path, 0, lang.Text{ZH: "读不了", EN: "cannot be read"}, err)
	}
	l := newLeafReader(path)
	rest := string(raw)
	l.room = min(strings.Count(rest, "\n"), mostLeaves)
	for line := 1; rest != ""; line++ {
		row, after, _ := strings.Cut(rest, "\n")
		rest = after
		row = strings.TrimSuffix(row, "\r")
		switch {
		case line == 1:
			err = l.header(row)
		case row != "":
			err = l.leaf(row, line)
		}
		if err != nil {
			return localise.Table{}, err
		}
	}
	if len(l.table.Actual) == 0 {
		return localise.Table{}, unreadableLeaves(path, 1, lang.Text{ZH: "没有数据", EN: "holds no leaves"}, nil)
	}
	return l.table, nil
}

// leafReader turns lines into a table.
type leafReader struct {
	path   string
	table  localise.Table
	values []map[string]int32
	room   int // leaves that the file may hold
}

func newLeafReader(path string) *leafReader { return &leafReader{path: path} }

func (l *leafReader) header(row string) error {
	names := strings.Split(row, ",")
	if len(names) < 3 || names[0] != "real" || names[1] != "predict" {
		return unreadableLeaves(l.path, 1, lang.Text{ZH: "表头应是 real,predict,属性…", EN: "its header is not real,predict,attributes…"}, nil)
	}
	l.table.Actual, l.table.Expected = make([]float64, 0, l.room), make([]float64, 0, l.room)
	const most = 64
	if len(names) > most+2 {
		return unreadableLeaves(l.path, 1, lang.Text{ZH: "属性太多", EN: "has too many attributes"}, nil)
	}
	for _, name := range names[2:] {
		l.table.Columns = append(l.table.Columns, localise.Column{Name: name, Codes: make([]int32, 0, l.room)})
		l.values = append(l.values, map[string]int32{})
	}
	return nil
}

func (l *leafReader) leaf(row string, line int) error {
	actual, rest, _ := strings.Cut(row, ",")
	expected, rest, more := strings.Cut(rest, ",")
	a, errA := leafAmount(actual)
	e, errE := leafAmount(expected)
	if err := errors.Join(errA, errE); err != nil {
		return unreadableLeaves(l.path, line, lang.Text{ZH: "real 和 predict 要是不小于零的数", EN: "real and predict are not both numbers from zero up"}, err)
	}
	if len(l.table.Actual) >= mostLeaves {
		return unreadableLeaves(l.path, line, lang.Text{ZH: "行数太多", EN: "has too many lines"}, nil)
	}
	l.table.Actual, l.table.Expected = append(l.table.Actual, a), append(l.table.Expected, e)
	for i := range l.table.Columns {
		var value string
		if more {
			value, rest, more = strings.Cut(rest, ",")
		}
		if value == "" {
			return unreadableLeaves(l.path, line, lang.Text{ZH: "缺少属性值", EN: "an attribute has no value"}, nil)
		}
		column := &l.table.Columns[i]
		code, known := l.values[i][value]
		if !known {
			code = int32(len(column.Values))
			l.values[i][value] = code
			column.Values = append(column.Values, value)
		}
		column.Codes = append(column.Codes, code)
	}
	if more {
		return unreadableLeaves(l.path, line, lang.Text{ZH: "属性值多了", EN: "has more values than attributes"}, nil)
	}
	return nil
}

func leafAmount(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && !(v >= 0 && v <= 1e300) {
		err = strconv.ErrRange
	}
	return v, err
}

// unreadableLeaves names file, line (0: the file as a whole) and what is wrong.
func unreadableLeaves(path string, line int, what lang.Text, cause error) error {
	zh, en := path+"：", path+": "
	if line > 0 {
		zh, en = fmt.Sprintf("%s第%d行：", zh, line), fmt.Sprintf("%sline %d: ", en, line)
	}
	return problem.New(problem.Invalid, "bench.leaves", lang.Text{ZH: zh + what.ZH, EN: en + what.EN}).Because(cause)
}
