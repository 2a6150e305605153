package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// registerCards puts a secret into everything that administrators can enter.
func (w *town) registerCards(t *testing.T, terminal string, s secret) {
	t.Helper()
	refused := func(what, method, path string, body any) {
		t.Helper()
		if status, answer := w.call(t, method, path, body); status/100 != 4 {
			t.Errorf("%s, %s: %d %s", s.name, what, status, answer)
		}
	}
	words := []string{s.sent}
	if s.bare != "" {
		words = append(words, s.bare)
	}
	for _, word := range words {
		for _, field := range []string{"tid", "mid", "merchant", "site", "address", "area", "acquirer", word} {
			body := entry("90000001")
			body[field] = word
			refused(field, http.MethodPost, "/api/v1/terminals", body)
		}
		for _, attributes := range []map[string]string{{"host": word}, {word: "h1"}} {
			refused("an attribute", http.MethodPut, "/api/v1/terminals/"+terminal+"/attributes", map[string]any{"attributes": attributes})
		}
		refused("a token's label", http.MethodPost, "/api/v1/tokens", map[string]string{"label": word, "scope": "feed"})
		refused("a user's name", http.MethodPost, "/api/v1/users", map[string]string{"name": word, "password": adminPassword, "role": "viewer"})
		refused("a role", http.MethodPost, "/api/v1/users", map[string]string{"name": "x", "password": adminPassword, "role": word})
		id := url.PathEscape(word)
		for path, body := range map[string]any{
			"devices/" + id + "/revoke": nil, "knowledge/candidates/" + id + "/promote": nil,
		} {
			refused("an id", http.MethodPost, "/api/v1/"+path, body)
		}
		for path, body := range map[string]any{
			"users/" + id + "/role": map[string]string{"role": "admin"}, "users/" + id + "/password": map[string]string{"password": word + " and more"},
			"merchants/" + id: map[string]string{"name": word}, "merchants/" + id + "/sites/" + id: map[string]string{"name": word, "area": word},
		} {
			refused("an id", http.MethodPut, "/api/v1/"+path, body)
		}
		refused("an id", http.MethodDelete, "/api/v1/tokens/"+id, nil)
		refused("a cursor", http.MethodGet, "/api/v1/audit?cursor="+url.QueryEscape(word), nil)
	}
	quoted := `"` + strings.ReplaceAll(s.sent, `"`, `""`) + `"`
	sheet := "tid,mid,merchant,site,address," + quoted + "\n" + quoted + ",1,M,S,,\n1," + quoted + ",M,S,,\n2,1," + quoted + ",S,,\n3,1,M," + quoted +
		",,\n4,1,M,S," + quoted + ",\n" + quoted + "\n"
	status, answer := w.call(t, http.MethodPost, "/api/v1/terminals/import", []byte(sheet))
	if status != http.StatusOK || !strings.Contains(string(answer), `"refused":6`) {
		t.Errorf("%s, a sheet: %d %s", s.name, status, answer)
	}
}
