package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/posmedic/posmedic/internal/bayes/network"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// networkFile is a network on disk and what is known about it.
type networkFile struct {
	name, path string
	reference  string // path; "": nothing is known
}

// networkFiles lists what is to be measured, by name.
func networkFiles(config NetworksConfig) ([]networkFile, error) {
	if _, err := filepath.Match(config.Filter, ""); err != nil {
		return nil, unreadableNetwork("--filter", lang.Text{ZH: "不是名称，也不是通配符", EN: "is no name and no glob"}, err)
	}
	if config.Reference != "" {
		if info, err := os.Stat(config.Reference); err != nil || !info.IsDir() {
			return nil, unreadableNetwork(config.Reference, lang.Text{ZH: "不是文件夹", EN: "is not a folder"}, err)
		}
	}
	entries, err := os.ReadDir(config.Networks)
	if err != nil {
		return nil, unreadableNetwork(config.Networks, lang.Text{ZH: "打不开", EN: "cannot be opened"}, err)
	}
	var files []networkFile
	for _, extension := range []string{".bif", ".uai"} {
		for _, e := range entries {
			name, fits := strings.CutSuffix(e.Name(), extension)
			if !fits || e.IsDir() || slices.ContainsFunc(files, func(f networkFile) bool { return f.name == name }) {
				continue
			}
			if matched, _ := filepath.Match(config.Filter, name); !matched && config.Filter != "" && config.Filter != name {
				continue // the pattern was checked above
			}
			files = append(files, networkFile{name, filepath.Join(config.Networks, e.Name()), referenceOf(config.Reference, name)})
		}
	}
	if len(files) == 0 {
		return nil, unreadableNetwork(config.Networks, lang.Text{ZH: "里面没有这样的网络（*.bif、*.uai）", EN: "holds no such network (*.bif, *.uai)"}, nil)
	}
	slices.SortFunc(files, func(a, b networkFile) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

func referenceOf(dir, name string) string {
	path := filepath.Join(dir, name+".json")
	if _, err := os.Stat(path); dir == "" || errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return path
}

// network reads the file. Every row is divided by its sum, as references do.
func (f networkFile) network() (*network.Network, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, unreadableNetwork(f.path, lang.Text{ZH: "打不开", EN: "cannot be opened"}, err)
	}
	defer file.Close()
	read := network.ReadBIF
	if filepath.Ext(f.path) == ".uai" {
		read = network.ReadUAI
	}
	n, err := read(file)
	if wrong := new(network.FormatError); errors.As(err, &wrong) {
		return nil, unreadableNetwork(f.path, lang.Text{
			ZH: fmt.Sprintf("第%d行第%d列：%s", wrong.Line, wrong.Column, wrong.What.ZH), EN: fmt.Sprintf("line %d, column %d: %s", wrong.Line, wrong.Column, wrong.What.EN),
		}, err)
	}
	if err != nil {
		return nil, unreadableNetwork(f.path, lang.Text{ZH: "读不了", EN: "cannot be read"}, err)
	}
	n.Normalise()
	return n, nil
}

// evidence is that of the reference, or invented.
func (f networkFile) evidence(n *network.Network) ([]evidenceSet, error) {
	if f.reference == "" {
		return inventEvidence(n), nil
	}
	file, err := os.Open(f.reference)
	if err != nil {
		return nil, unreadableNetwork(f.reference, lang.Text{ZH: "打不开", EN: "cannot be opened"}, err)
	}
	defer file.Close()
	const most = 256 << 20
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil || len(text) > most {
		return nil, unreadableNetwork(f.reference, lang.Text{ZH: "读不了，或太大", EN: "cannot be read, or is too large"}, err)
	}
	r := &referenceReader{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), network: n, index: map[string]int{}}
	for v := range n.Variables {
		r.index[n.Variables[v].Name] = v
	}
	if err := r.read(); err != nil {
		line, what := 1+bytes.Count(text[:min(r.at, len(text))], []byte{'\n'}), lang.Text{ZH: "不是这样的JSON：" + err.Error(), EN: "is not such JSON: " + err.Error()}
		if m := (mistake{}); errors.As(err, &m) {
			what = m.what
		}
		return nil, unreadableNetwork(f.reference, lang.Text{ZH: fmt.Sprintf("第%d行：%s", line, what.ZH), EN: fmt.Sprintf("line %d: %s", line, what.EN)}, err)
	}
	return r.sets, nil
}

// unreadableNetwork names the file and what is wrong.
func unreadableNetwork(path string, what lang.Text, cause error) error {
	return problem.New(problem.Invalid, "bench.network", lang.Text{ZH: path + "：" + what.ZH, EN: path + ": " + what.EN}).Because(cause)
}

// mistake is what is wrong with a reference, in words.
type mistake struct{ what lang.Text }

func (m mistake) Error() string { return m.what.EN }

func mistaken(zh, en string) error { return mistake{lang.Text{ZH: zh, EN: en}} }

// referenceReader reads known posteriors, keeping at which byte it is.
type referenceReader struct {
	text    []byte
	at      int
	decoder *json.Decoder
	network *network.Network
	index   map[string]int // of variables
	states  [][]int        // by variable, for each state as the reference orders them, the one of the network
	sets    []evidenceSet
}

// referenceSet is one set as the file has it.
type referenceSet struct {
	ID        int                  `json:"id"`
	Evidence  map[string]string    `json:"evidence"`
	Soft      map[string][]float64 `json:"soft"`
	P         *float64             `json:"p_evidence"`
	LogP      *float64             `json:"ln_p_evidence"`
	Posterior map[string][]float64 `json:"posterior"`
}

func (r *referenceReader) read() error {
	if err := r.object(); err != nil {
		return err
	}
	if len(r.sets) == 0 {
		return mistaken("没有证据集", "there are no sets of evidence")
	}
	return nil
}

// object reads the file's one object; states have to stand before the sets.
func (r *referenceReader) object() error {
	if err := r.delimiter('{'); err != nil {
		return err
	}
	for r.decoder.More() {
		key, err := r.decoder.Token()
		if err != nil {
			return r.located(err)
		}
		r.here()
		switch key {
		case "states":
			err = r.readStates()
		case "sets":
			err = r.readSets()
		default:
			var skipped json.RawMessage
			err = r.located(r.decoder.Decode(&skipped))
		}
		if err != nil {
			return err
		}
	}
	return r.delimiter('}')
}

// here notes where the next value begins.
func (r *referenceReader) here() {
	r.at = int(r.decoder.InputOffset())
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[r.at]) >= 0 {
		r.at++
	}
}

// located notes where the decoder stopped, as far as it says so.
func (r *referenceReader) located(err error) error {
	if err == nil {
		return nil
	}
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		r.at = int(syntax.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.at = len(r.text)
		return mistaken("文件不完整", "it ends too early")
	}
	return err
}

func (r *referenceReader) delimiter(want json.Delim) error {
	r.here()
	t, err := r.decoder.Token()
	if err != nil {
		return r.located(err)
	}
	if t != want {
		return mistaken("这里应是 "+want.String(), want.String()+" expected")
	}
	return nil
}

func (r *referenceReader) readStates() error {
	var names map[string][]string
	if err := r.located(r.decoder.Decode(&names)); err != nil {
		return err
	}
	r.states = make([][]int, len(r.network.Variables))
	for v := range r.network.Variables {
		name := r.network.Variables[v].Name
		states := make([]int, 0, r.network.States(v))
		for _, state := range names[name] {
			states = append(states, r.network.State(v, state))
		}
		sorted := slices.Clone(states)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != r.network.States(v) || sorted[0] < 0 {
			return mistaken(fmt.Sprintf("%q的状态与网络不符", name), fmt.Sprintf("%q has other states than in the network", name))
		}
		r.states[v] = states
	}
	return nil
}

func (r *referenceReader) readSets() error {
	if r.states == nil {
		return mistaken("states 要在 sets 之前", "the states have to stand before the sets")
	}
	if err := r.delimiter('['); err != nil {
		return err
	}
	for r.decoder.More() {
		r.here()
		var s referenceSet
		if err := r.located(r.decoder.Decode(&s)); err != nil {
			return err
		}
		set, err := r.set(&s)
		if err != nil {
			return err
		}
		r.sets = append(r.sets, set)
	}
	return r.delimiter(']')
}

// set translates names and the order of states.
func (r *referenceReader) set(s *referenceSet) (evidenceSet, error) {
	set := evidenceSet{id: s.ID, known: true, posterior: make([][]float64, len(r.states))}
	if s.P == nil || !(*s.P >= 0) {
		return set, mistaken("缺少 p_evidence", "there is no p_evidence")
	}
	set.p, set.logP = *s.P, logOf(*s.P, s.LogP)
	for _, name := range slices.Sorted(maps.Keys(s.Evidence)) {
		v, known := r.index[name]
		if !known || r.network.State(v, s.Evidence[name]) < 0 {
			return set, mistaken(fmt.Sprintf("证据集%d：没有变量%q的状态%q", s.ID, name, s.Evidence[name]), fmt.Sprintf("set %d: there is no %q in state %q", s.ID, name, s.Evidence[name]))
		}
		set.hard = append(set.hard, network.Observation{Variable: v, State: r.network.State(v, s.Evidence[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Soft)) {
		v, likelihood, err := r.vector(name, s.Soft[name])
		if err != nil {
			return set, err
		}
		set.soft = append(set.soft, softObservation{v, likelihood})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Posterior)) {
		v, posterior, err := r.vector(name, s.Posterior[name])
		if err != nil {
			return set, err
		}
		set.posterior[v] = posterior
	}
	return set, nil
}

// logOf is the logarithm of a probability; where the number has underflown, the one that the file gives.
func logOf(p float64, given *float64) float64 {
	if p == 0 && given != nil {
		return *given
	}
	return math.Log(p)
}

// vector brings numbers for the states of a variable into the network's order.
func (r *referenceReader) vector(name string, values []float64) (int, []float64, error) {
	v, known := r.index[name]
	if !known || len(values) != len(r.states[v]) {
		return 0, nil, mistaken(fmt.Sprintf("网络中没有%q，或它的状态不是%d个", name, len(values)), fmt.Sprintf("%q is not in the network, or has not %d states", name, len(values)))
	}
	out := make([]float64, len(values))
	for i, x := range values {
		out[r.states[v][i]] = x
	}
	return v, out, nil
}
