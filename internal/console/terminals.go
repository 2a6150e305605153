package console

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/console/consolesql"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/observe"
)

type listInput struct {
	Query     string `query:"q" maxLength:"200"`
	Ability   string `query:"ability" enum:"can_sell,restricted,cannot_sell,unknown"`
	Attention bool   `query:"attention"`
	Cursor    string `query:"cursor" maxLength:"200"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type terminalInput struct {
	ID string `path:"id" maxLength:"64"`
}

type reportInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000" doc:"what the caller says, in his own words"`
	}
}

// ReportView is what was understood of a report.
type ReportView struct {
	Findings      []finding.Finding `json:"findings"`
	NotUnderstood []string          `json:"not_understood"`
	Words         map[string]Words  `json:"words"`
}

// EnrolmentView is a fresh enrolment code.
type EnrolmentView struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
	Command   string    `json:"command"`
}

func (d *Door) terminalRoutes() {
	register(d, huma.Operation{OperationID: "list-terminals", Method: http.MethodGet, Path: "/api/v1/terminals",
		Summary: "the fleet, by TID"}, access.SeeFleet, d.listTerminals)
	register(d, huma.Operation{OperationID: "get-terminal", Method: http.MethodGet, Path: "/api/v1/terminals/{id}",
		Summary: "one terminal with its live case"}, access.SeeFleet, d.getTerminal)
	register(d, huma.Operation{OperationID: "report-terminal", Method: http.MethodPost, Path: "/api/v1/terminals/{id}/report",
		Summary: "a person says what is wrong"}, access.AnswerCase, d.reportTerminal)
	register(d, huma.Operation{OperationID: "enrol-terminal", Method: http.MethodPost, Path: "/api/v1/terminals/{id}/enrolment",
		Summary: "make an enrolment code"}, access.EnrolDevice, d.enrolTerminal)
	register(d, huma.Operation{OperationID: "list-incidents", Method: http.MethodGet, Path: "/api/v1/incidents",
		Summary: "shared causes, newest first"}, access.SeeFleet, d.listIncidents)
}

func (d *Door) listTerminals(ctx context.Context, in *listInput) (*struct{ Body TerminalPage }, error) {
	f := consolesql.Filter{Query: in.Query, Ability: observe.Ability(in.Ability), Attention: in.Attention}
	rows, next, err := d.List.List(ctx, f, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	total, counts, err := d.List.Counts(ctx, f)
	if err != nil {
		return nil, err
	}
	page := TerminalPage{Rows: make([]TerminalRow, 0, len(rows)), Next: next, Counts: counts, Total: total}
	for _, r := range rows {
		page.Rows = append(page.Rows, d.row(r))
	}
	return &struct{ Body TerminalPage }{page}, nil
}

func (d *Door) row(r consolesql.Row) TerminalRow {
	now := d.Now()
	row := TerminalRow{
		ID: r.ID, TID: r.TID, MID: r.MID, Merchant: r.Merchant, Site: r.Site, Model: r.Model, Serial: r.Serial,
		Ability: string(r.State.Ability(now, d.Rules)), Since: when(r.State.StoppedSince), LastProof: when(r.State.SaleAt),
		Contact: contact(r.State, d.Rules, now), ContactAt: when(r.State.ContactAt),
	}
	if r.Case != nil {
		brief := d.brief(*r.Case)
		row.Case = &brief
	}
	return row
}

// contact says in words how long ago the agent was heard, in multiples of its own report interval.
func contact(s observe.State, rules observe.Rules, now time.Time) string {
	switch {
	case s.ContactAt.IsZero():
		return "never"
	case rules.Silent(s, now):
		return "silent"
	case s.Expects > 0 && now.Sub(s.ContactAt) > 2*s.Expects:
		return "late"
	default:
		return "online"
	}
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// brief is a case in a line. A diagnosis that cannot be read leaves the cause out rather than the row.
func (d *Door) brief(c casefile.Case) CaseBrief {
	b := CaseBrief{ID: c.ID, State: string(c.State), Incident: c.Incident, OpenedAt: c.OpenedAt, ClosedAt: when(c.ClosedAt), Outcome: string(c.Outcome)}
	var diagnosis diagnose.Diagnosis
	if len(c.Diagnosis) > 0 && json.Unmarshal(c.Diagnosis, &diagnosis) == nil && len(diagnosis.Ranked) > 0 {
		top := diagnosis.Ranked[0]
		b.Fault, b.P, b.Word = &top.Name, top.P, diagnose.WordFor(top.P) // an older program had other words
	}
	return b
}

func (d *Door) getTerminal(ctx context.Context, in *terminalInput) (*struct{ Body TerminalView }, error) {
	row, found, err := d.List.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fleet.ErrNotFound
	}
	listed, err := d.Fleet.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	evidence, err := d.Loop.Evidence(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view := TerminalView{
		TerminalRow: d.row(row), Attributes: map[string]string{}, SignInAt: when(row.State.SignInAt), SaleRRN: row.State.SaleRRN,
		Unsent: row.State.Unsent, Readings: []ReadingView{}, Answers: []AnswerView{}, History: []CaseBrief{}, Incidents: []IncidentView{},
	}
	if dev := listed.Device; dev != nil {
		view.Device = &DeviceView{ID: dev.ID, Serial: dev.Serial, Model: dev.Model, Since: dev.CreatedAt, RevokedAt: when(dev.RevokedAt)}
	}
	for a, v := range listed.Shares() {
		view.Attributes[string(a)] = v
	}
	for _, a := range evidence.Answers {
		view.Answers = append(view.Answers, AnswerView{At: a.At, Kind: string(a.Kind), Code: a.Code, By: a.By})
	}
	if err := d.fill(ctx, &view); err != nil {
		return nil, err
	}
	return &struct{ Body TerminalView }{view}, nil
}

// fill adds what the other rooms say.
func (d *Door) fill(ctx context.Context, view *TerminalView) error {
	readings, err := d.List.Readings(ctx, view.ID)
	if err != nil {
		return err
	}
	for _, r := range readings {
		view.Readings = append(view.Readings, ReadingView{Name: r.Name, Value: r.Value, Text: r.Words, At: r.At})
	}
	past, err := d.Cases.Past(ctx, view.ID, 20)
	if err != nil {
		return err
	}
	for _, c := range past {
		view.History = append(view.History, d.brief(c))
	}
	_, incidents, err := d.Incidents.Evidence(ctx, view.ID)
	if err != nil {
		return err
	}
	view.Incidents = append(view.Incidents, incidentViews(incidents)...)
	c, open, err := d.Cases.OpenOf(ctx, view.ID)
	if err != nil || !open {
		return err
	}
	view.Live, err = d.caseView(ctx, c)
	return err
}

func incidentViews(list []incident.Incident) []IncidentView {
	out := make([]IncidentView, 0, len(list))
	for _, i := range list {
		out = append(out, IncidentView{Incident: i, Sentence: i.Sentence()})
	}
	return out
}

func (d *Door) listIncidents(ctx context.Context, _ *struct{}) (*struct {
	Body struct {
		Rows []IncidentView `json:"rows"`
	}
}, error) {
	list, err := d.Incidents.List(ctx, 100)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Rows []IncidentView `json:"rows"`
		}
	}{}
	out.Body.Rows = incidentViews(list)
	return out, nil
}

func (d *Door) reportTerminal(ctx context.Context, in *reportInput) (*struct{ Body ReportView }, error) {
	if _, err := d.Fleet.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	findings, unclear := d.Loop.Read(in.Body.Text, d.Now())
	view := ReportView{Findings: findings, NotUnderstood: unclear, Words: map[string]Words{}}
	if findings == nil {
		view.Findings = []finding.Finding{}
	}
	if unclear == nil {
		view.NotUnderstood = []string{}
	}
	for _, f := range findings {
		d.word(view.Words, f.Variable)
	}
	if len(findings) == 0 {
		// A person says that something is wrong; that it is not understood does not make it less so.
		findings = []finding.Finding{{Variable: "main_symptom", State: "other", At: d.Now(), Source: finding.Merchant, Confidence: 0.5}}
	}
	if err := d.Loop.Say(ctx, in.ID, findings); err != nil {
		return nil, err
	}
	if err := d.Loop.Call(ctx, in.ID); err != nil {
		return nil, err
	}
	return &struct{ Body ReportView }{view}, d.Access.Audit(ctx, callerOf(ctx).actor(), "case.report", in.ID)
}

func (d *Door) enrolTerminal(ctx context.Context, in *terminalInput) (*struct{ Body EnrolmentView }, error) {
	c := callerOf(ctx)
	code, expires, err := d.Fleet.NewEnrolment(ctx, in.ID, c.user.Name)
	if err != nil {
		return nil, err
	}
	text, command := d.Enrol(code)
	return &struct{ Body EnrolmentView }{EnrolmentView{Code: text, ExpiresAt: expires, Command: command}},
		d.Access.Audit(ctx, c.actor(), "device.enrolment", in.ID)
}
