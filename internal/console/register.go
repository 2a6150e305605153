package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Register is what the door asks of the fleet's register when somebody changes it.
type Register interface {
	Register(ctx context.Context, r fleet.Registration) (fleet.Listed, error)
	SetAttributes(ctx context.Context, terminal string, attributes map[fleet.Attribute]string) error
	ImportSheet(ctx context.Context, s fleet.Sheet, dry bool) (ImportView, error)
	Revoke(ctx context.Context, device string) error
	Acquirer() string // whose terminals they are when nobody says
}

type registerInput struct {
	Body struct {
		Acquirer   string            `json:"acquirer,omitempty" maxLength:"64" doc:"left out: the acquirer of this installation"`
		TID        string            `json:"tid" maxLength:"64"`
		MID        string            `json:"mid" maxLength:"64"`
		Merchant   string            `json:"merchant" maxLength:"400" doc:"name or id; a new name makes a new merchant"`
		Site       string            `json:"site" maxLength:"400" doc:"name or id; a new name makes a new site"`
		Address    string            `json:"address,omitempty" maxLength:"400"`
		Area       string            `json:"area,omitempty" maxLength:"400"`
		Attributes map[string]string `json:"attributes,omitempty" doc:"host, carrier, cell, app_version, params, certificate"`
	}
}

type attributesInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Attributes map[string]string `json:"attributes" doc:"all of them: what is left out is removed"`
	}
}

type importInput struct {
	Check   bool   `query:"check" doc:"only say what would happen"`
	RawBody []byte `contentType:"text/csv"`
}

type deviceInput struct {
	ID string `path:"id" maxLength:"64"`
}

// ImportView is what became of a sheet.
type ImportView struct {
	Checked   bool         `json:"checked"` // nothing was kept
	Created   int          `json:"created"`
	Updated   int          `json:"updated"`
	Unchanged int          `json:"unchanged"`
	Refused   int          `json:"refused"`
	Errors    []SheetError `json:"errors"` // the first of those refused, by line
	Ignored   []string     `json:"ignored" doc:"columns that mean nothing here"`
}

// SheetError says what is wrong with one line of a sheet.
type SheetError struct {
	Line int       `json:"line"`
	TID  string    `json:"tid,omitempty"`
	Code string    `json:"code"`
	Text lang.Text `json:"text"`
	Hint lang.Text `json:"hint"`
}

// maxSheetErrors bounds an answer; whoever has more wrong lines has one mistake in all of them.
const maxSheetErrors = 100

// Refuse counts a line that was not taken and, for the first ones, says why.
func (v *ImportView) Refuse(line int, tid string, err error) {
	v.Refused++
	if len(v.Errors) == maxSheetErrors {
		return
	}
	p := problem.Of(err)
	if fleet.HoldsCard(tid) || len(tid) > 32 {
		tid = ""
	}
	v.Errors = append(v.Errors, SheetError{Line: line, TID: tid, Code: p.Code, Text: p.Text, Hint: p.Hint})
}

// Summary is the import as the audit trail has it.
func (v ImportView) Summary() string {
	return fmt.Sprintf("%d created, %d updated, %d unchanged, %d refused", v.Created, v.Updated, v.Unchanged, v.Refused)
}

func (d *Door) registerRoutes() {
	register(d, huma.Operation{OperationID: "register-terminal", Method: http.MethodPost, Path: "/api/v1/terminals",
		Summary: "enter a terminal into the register"}, access.EditFleet, d.registerTerminal)
	register(d, huma.Operation{OperationID: "set-attributes", Method: http.MethodPut, Path: "/api/v1/terminals/{id}/attributes",
		Summary: "replace the attributes of a terminal"}, access.EditFleet, d.setAttributes)
	register(d, huma.Operation{OperationID: "import-terminals", Method: http.MethodPost, Path: importPath,
		Summary: "enter a sheet of terminals (CSV); by TID, so doing it again changes nothing", MaxBodyBytes: fleet.MaxSheetBytes,
		BodyReadTimeout: time.Minute}, access.EditFleet, d.importTerminals)
	register(d, huma.Operation{OperationID: "revoke-device", Method: http.MethodPost, Path: "/api/v1/devices/{id}/revoke",
		Summary: "take the key of a device out of use, for good"}, access.RevokeDevice, d.revokeDevice)
}

// importPath is the one call that may carry more than maxBody.
const importPath = "/api/v1/terminals/import"

func attributesOf(given map[string]string) map[fleet.Attribute]string {
	out := make(map[fleet.Attribute]string, len(given))
	for a, v := range given {
		out[fleet.Attribute(a)] = v
	}
	return out
}

func (d *Door) registerTerminal(ctx context.Context, in *registerInput) (*struct{ Body TerminalRow }, error) {
	b := in.Body
	if b.Acquirer == "" {
		b.Acquirer = d.Register.Acquirer()
	}
	l, err := d.Register.Register(ctx, fleet.Registration{
		Acquirer: b.Acquirer, TID: b.TID, MID: b.MID, Merchant: b.Merchant, Site: b.Site, Address: b.Address, Area: b.Area,
		Attributes: attributesOf(b.Attributes),
	})
	if err != nil {
		return nil, err
	}
	if err := d.audit(ctx, "fleet.registered", l.ID); err != nil {
		return nil, err
	}
	return d.oneRow(ctx, l.ID)
}

func (d *Door) oneRow(ctx context.Context, id string) (*struct{ Body TerminalRow }, error) {
	row, found, err := d.List.One(ctx, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fleet.ErrNotFound
	}
	return &struct{ Body TerminalRow }{d.row(row)}, nil
}

func (d *Door) setAttributes(ctx context.Context, in *attributesInput) (*struct{ Body TerminalRow }, error) {
	if err := d.Register.SetAttributes(ctx, in.ID, attributesOf(in.Body.Attributes)); err != nil {
		return nil, err
	}
	if err := d.audit(ctx, "fleet.attributes", in.ID); err != nil {
		return nil, err
	}
	return d.oneRow(ctx, in.ID)
}

func (d *Door) importTerminals(ctx context.Context, in *importInput) (*struct{ Body ImportView }, error) {
	sheet, err := fleet.ReadSheet(bytes.NewReader(in.RawBody), d.Register.Acquirer())
	if err != nil {
		return nil, err
	}
	view, err := d.Register.ImportSheet(ctx, sheet, in.Check)
	if err != nil {
		return nil, err
	}
	if !in.Check {
		err = d.audit(ctx, "fleet.imported", view.Summary())
	}
	return &struct{ Body ImportView }{view}, err
}

func (d *Door) revokeDevice(ctx context.Context, in *deviceInput) (*struct{}, error) {
	if err := d.Register.Revoke(ctx, in.ID); err != nil {
		return nil, err
	}
	return &struct{}{}, d.audit(ctx, "device.revoked", in.ID)
}
