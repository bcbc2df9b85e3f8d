package srtp_test

import (
	"fmt"

	"readback/media/srtp"
)

func ExampleOutbound() {
	key := srtp.NewKey(srtp.AESGCM128)
	out, err := srtp.NewOutbound(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	in, err := srtp.NewInbound(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	packet := append([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}, "hello"...)
	n, err := out.Protect(append(packet, make([]byte, srtp.Overhead)...), len(packet))
	fmt.Println(n, err)

	p := append(packet, make([]byte, srtp.Overhead)...)
	n, err = out.Protect(p, len(packet)) // in place
	opened, ok := in.Unprotect(p, p[:n])
	fmt.Printf("%s %v %v\n", opened[12:], ok, err)
	fmt.Printf("%+v\n", key)
	// Output:
	// 33 <nil>
	// hello true <nil>
	// [key]
}
