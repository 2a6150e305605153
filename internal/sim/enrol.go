package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// Codes are enrolment strings that were made beforehand, by terminal number.
type Codes struct {
	mu sync.Mutex
	by map[string]string
}

var errCodes = problem.New(problem.Invalid, "sim.codes", lang.Text{
	ZH: "接入码文件有误", EN: "the file of enrolment codes is not right"})

// ReadCodes reads lines of "TID CODE@fingerprint"; empty lines and lines that begin with # are left aside.
func ReadCodes(r io.Reader) (*Codes, error) {
	c := &Codes{by: map[string]string{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 2 {
			return nil, badLine(n)
		}
		if _, _, err := wire.ParseEnrolment(fields[1]); err != nil {
			return nil, badLine(n)
		}
		c.by[fields[0]] = fields[1]
	}
	return c, lines.Err()
}

func badLine(n int) error {
	return errCodes.WithHint(lang.Text{
		ZH: fmt.Sprintf("第 %d 行应为“终端号 接入码@指纹”", n), EN: fmt.Sprintf("line %d must read: TID CODE@fingerprint", n),
	})
}

// Enrol gives a terminal's code, once.
func (c *Codes) Enrol(_ context.Context, tid, _ string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	code, ok := c.by[tid]
	if !ok {
		return "", problem.New(problem.NotFound, "sim.no_code", lang.Text{
			ZH: "没有终端 " + tid + " 的接入码", EN: "there is no enrolment code for terminal " + tid})
	}
	delete(c.by, tid)
	return code, nil
}

// Operator makes enrolment codes at a running server, as a person does in its console.
type Operator struct {
	console string
	client  *http.Client
}

// maxAnswer bounds what is read of one answer of the console.
const maxAnswer = 4 << 20

// SignInOperator signs in at the console, whose address is like http://127.0.0.1:8080.
func SignInOperator(ctx context.Context, console, name, password string) (*Operator, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	o := &Operator{console: strings.TrimSuffix(console, "/"), client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	return o, o.call(ctx, http.MethodPost, "/api/v1/session", map[string]string{"name": name, "password": password}, nil)
}

// Enrol makes a code for the terminal that has this number in the server's register.
func (o *Operator) Enrol(ctx context.Context, tid, _ string) (string, error) {
	var page struct {
		Rows []struct {
			ID  string `json:"id"`
			TID string `json:"tid"`
		} `json:"rows"`
	}
	if err := o.call(ctx, http.MethodGet, "/api/v1/terminals?q="+url.QueryEscape(tid), nil, &page); err != nil {
		return "", err
	}
	for _, row := range page.Rows {
		if row.TID != tid {
			continue
		}
		var enrolment struct {
			Code string `json:"code"`
		}
		err := o.call(ctx, http.MethodPost, "/api/v1/terminals/"+url.PathEscape(row.ID)+"/enrolment", nil, &enrolment)
		return enrolment.Code, err
	}
	return "", problem.New(problem.NotFound, "sim.not_registered", lang.Text{
		ZH: "终端 " + tid + " 没有在服务器登记", EN: "terminal " + tid + " is not in the server's register",
	}).WithHint(lang.Text{ZH: "先登记这些终端：posmedic simulate --register 会列出它们", EN: "register the terminals first: posmedic simulate --register lists them"})
}

// call asks the console. A refusal comes back as the problem that the console answered with.
func (o *Operator) call(ctx context.Context, method, path string, body, into any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, o.console+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Posmedic", "1") // a program says so, or the console takes it for another site's page
	response, err := o.client.Do(request)
	if err != nil {
		return problem.New(problem.Unavailable, "sim.console", lang.Text{
			ZH: "连接不上控制台", EN: "the console cannot be reached"}).Because(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return refusal(response.StatusCode, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

func refusal(status int, answer []byte) error {
	var p struct {
		Code string    `json:"code"`
		Text lang.Text `json:"text"`
		Hint lang.Text `json:"hint"`
	}
	if json.Unmarshal(answer, &p) != nil || p.Code == "" {
		return problem.New(problem.Unavailable, "sim.console", lang.Text{
			ZH: fmt.Sprintf("控制台回答 %d", status), EN: fmt.Sprintf("the console answered %d", status)})
	}
	return problem.New(problem.Invalid, p.Code, p.Text).WithHint(p.Hint)
}

// Close lets go of the connections to the console.
func (o *Operator) Close() { o.client.CloseIdleConnections() }
