package console

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// maxPlaces bounds how many places of an input a hint names.
const maxPlaces = 5

// inputProblem says in both languages what the API library found wrong with an input before any room saw it. The rules
// it checks are those of the OpenAPI document; their names stay English.
func inputProblem(refused *huma.ErrorModel) *Problem {
	p := &Problem{
		Type: "about:blank", Status: refused.Status, Code: "console.input", ID: ident.New("err"),
		Text: lang.Text{ZH: "输入不合规定", EN: "the input breaks a rule"},
	}
	if refused.Status == http.StatusRequestEntityTooLarge {
		p.Code, p.Text = "console.too_large", lang.Text{ZH: "一次发来的内容太多", EN: "too much at once"}
	}
	p.Title = p.Text.EN
	var places []string
	for _, detail := range refused.Errors[:min(len(refused.Errors), maxPlaces)] {
		places = append(places, strings.TrimPrefix(detail.Location+": ", ": ")+detail.Message)
	}
	if list := strings.Join(places, "; "); list != "" {
		p.Hint = lang.Text{ZH: "请检查：" + list, EN: "look at " + list}
	}
	return p
}
