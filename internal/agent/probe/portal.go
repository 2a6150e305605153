package probe

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// portal fetches a page that answers 204 with nothing; whoever answers something else stands in between.
func portal(ctx context.Context, b *Board) Result {
	if b.Target.PortalURL == "" {
		return skipped("没有指定检查网址（--portal）", "no page to check was given (--portal)")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.Target.PortalURL, nil)
	if err != nil {
		return unknown("检查网址不对", "the page to check has no valid address").because(err.Error())
	}
	transport := &http.Transport{DialContext: b.Dial, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		e := acquirer.Classify(acquirer.RungConnect, err)
		return unknown("检查网址打不开："+e.Reason.Text().ZH, "the page to check cannot be fetched: "+e.Reason.Text().EN).because(err.Error())
	}
	defer response.Body.Close()
	b.reached("portal")
	const enough = 512
	body, _ := io.ReadAll(io.LimitReader(response.Body, enough)) // a body that breaks off is a body all the same
	return judgePortal(response.StatusCode, len(body), response.Header.Get("Location"))
}

func judgePortal(status, body int, location string) Result {
	detail := fmt.Sprintf("status %d, %d bytes, location %q", status, body, location)
	switch {
	case status == http.StatusNoContent && body == 0:
		return ok("没有登录页", "no login page in between").with("captive_portal", "none", 0)
	case status == http.StatusNetworkAuthenticationRequired, status >= 300 && status < 400, status == http.StatusOK:
		return failed("网络要求先登录（弹出登录页）", "the network wants a login first (captive portal)").
			with("captive_portal", "present", 0).because(detail)
	}
	return unknown("检查网址的应答看不懂", "the page to check gave an answer that says nothing").because(detail)
}
