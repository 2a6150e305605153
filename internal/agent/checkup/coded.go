package checkup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// Coded is a case whose evidence is coded in the vocabulary of the pack.
type Coded struct {
	Report   string            `json:"report"` // what the merchant says
	Evidence map[string]string `json:"evidence"`
}

// maxCase bounds a coded case.
const maxCase = 1 << 20

// ReadCase reads one JSON object, or the first line of JSON Lines. Keys beside report and evidence are ignored, so that
// lines of a case collection can be used as they are.
func ReadCase(r io.Reader) (Coded, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxCase+1))
	if err != nil {
		return Coded{}, caseError("读不到案例文件", "the case cannot be read").Because(err)
	}
	if len(raw) > maxCase {
		return Coded{}, caseError("案例文件太大，最多1 MB", "the case is larger than 1 MB")
	}
	var c Coded
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&c); err != nil {
		return Coded{}, caseError("案例文件不是有效的JSON", "the case is no valid JSON").Because(err)
	}
	if len(c.Evidence) == 0 && c.Report == "" {
		return Coded{}, caseError("案例里没有evidence，也没有report", "the case has neither evidence nor report")
	}
	c.Report, _ = carddata.Scrub(c.Report)
	return c, nil
}

func caseError(zh, en string) *problem.Error {
	return problem.New(problem.Invalid, "checkup.case", lang.Text{ZH: zh, EN: en}).WithHint(lang.Text{
		ZH: `案例形如 {"evidence":{"powers_on":"no"}}`, EN: `a case looks like {"evidence":{"powers_on":"no"}}`})
}

// Findings checks the evidence against the pack and dates it.
func (c Coded) Findings(p *pack.Pack, at time.Time) ([]finding.Finding, error) {
	var out []finding.Finding
	for _, id := range slices.Sorted(maps.Keys(c.Evidence)) {
		state := c.Evidence[id]
		v, known := p.Variable(id)
		if !known {
			return nil, caseError(fmt.Sprintf("知识包里没有变量%q", id), fmt.Sprintf("the pack has no variable %q", id))
		}
		if v.Type == pack.State && !slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.ID == state }) {
			return nil, caseError(fmt.Sprintf("变量%s没有状态%q", id, state), fmt.Sprintf("variable %s has no state %q", id, state))
		}
		clean, _ := carddata.Scrub(state)
		out = append(out, finding.Finding{Variable: id, State: clean, At: at, Source: supplier(v)})
	}
	return out, nil
}

// supplier is the first party that can know the variable.
func supplier(v *pack.Variable) finding.Source {
	if len(v.Ask) == 0 {
		return finding.Agent
	}
	return finding.Source(v.Ask[0])
}
