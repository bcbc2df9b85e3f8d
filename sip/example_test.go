package sip_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"readback/sip"
)

// media stands in for readback/media: it sees session descriptions as bytes.
type media struct{}

func (media) Answer(offer []byte) ([]byte, error) { return []byte("v=0\r\n"), nil }
func (media) Offer() ([]byte, error)              { return []byte("v=0\r\n"), nil }
func (media) Accept(answer []byte) error          { return nil }

// A gateway that answers a call, and a phone that makes it, over the loopback network.
func Example() {
	trunk := []sip.Trunk{{Name: "loopback", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Country: "US"}}
	listen := []sip.Listen{{Network: "udp", Address: "127.0.0.1:0"}}
	ended := make(chan error, 1)

	gateway, err := sip.New(sip.Config{Listen: listen, Trunks: trunk}, sip.HandlerFunc(func(ctx context.Context, call *sip.Call) {
		fmt.Println(call.Caller, "calls", call.Called, "extension", call.Extension)
		if err := call.Answer(ctx, media{}); err != nil {
			return
		}
		<-ctx.Done() // the conversation
		ended <- context.Cause(ctx)
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	phone, err := sip.New(sip.Config{Listen: listen, Trunks: trunk}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 2)
	go func() { done <- gateway.Serve(ctx) }()
	go func() { done <- phone.Serve(ctx) }()

	call, err := phone.Dial(ctx, fmt.Sprintf("sip:8887999666;ext=2@%s", gateway.Addrs()[0]), media{}, sip.DialOptions{From: "+14155550100"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("answered")
	fmt.Println("hung up:", call.Hangup(ctx) == nil, errors.Is(<-ended, sip.ErrHangup))
	stop()
	fmt.Println(<-done, <-done)
	// Output:
	// +14155550100 calls +18887999666 extension 2
	// answered
	// hung up: true true
	// <nil> <nil>
}
