package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"readback/config"
)

const controlPatience = 2 * time.Second

func controlPath(c *config.Config) string { return filepath.Join(c.Data, "readback.sock") }

// A controlClient speaks to the gateway that runs on a data directory.
type controlClient struct{ http http.Client }

// errNotRunning: nobody answers at the control socket.
var errNotRunning = errors.New("the gateway is not running")

func newControlClient(c *config.Config) *controlClient {
	path := controlPath(c)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: controlPatience}).DialContext(ctx, "unix", path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			return nil, errNotRunning
		}
		return conn, err
	}
	return &controlClient{http: http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// open asks for a page; what is neither 200 nor 204 becomes an error with the problem's words.
func (c *controlClient) open(ctx context.Context, path string, form url.Values) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://readback/api/v1/"+path+"?"+form.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return c.send(request)
}

func (c *controlClient) send(request *http.Request) (*http.Response, error) {
	response, err := c.http.Do(request)
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return nil, failure.Err // without an address that means nothing to anybody
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusNoContent {
		return response, nil
	}
	defer response.Body.Close()
	var p problemDocument
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
		return nil, fmt.Errorf("the gateway answers %s", response.Status)
	}
	return nil, errors.New(p.Detail)
}

func (c *controlClient) get(ctx context.Context, path string, form url.Values, into any) error {
	response, err := c.open(ctx, path, form)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

// list and show ask the gateway what a callBook knows.
func (c *controlClient) list(ctx context.Context, q callQuery) ([]callLine, error) {
	form := url.Values{"state": {q.State}, "limit": {strconv.Itoa(q.Limit)}}
	if q.Trunk != "" {
		form.Set("trunk", q.Trunk)
	}
	var answer callList
	err := c.get(ctx, "calls", form, &answer)
	return answer.Calls, err
}

func (c *controlClient) show(ctx context.Context, reference string) (callDetail, error) {
	var d callDetail
	err := c.get(ctx, "calls/"+url.PathEscape(reference), nil, &d)
	return d, err
}

// gateway asks the gateway what it is and where it listens.
func (c *controlClient) gateway(ctx context.Context) (page gatewayPage, err error) {
	err = c.get(ctx, "gateway", nil, &page)
	return page, err
}

// doctor asks to be let in as a trunk would be, or with DELETE to be forgotten.
func (c *controlClient) doctor(ctx context.Context, method string, asked doctorRequest) error {
	body, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://readback/api/v1/doctor", bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := c.send(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
