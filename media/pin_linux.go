package media

import _ "unsafe" // for go:linkname

// The scheduler takes its place from a goroutine that has had it for 10 ms. One that sleeps or is at work in the kernel
// without the scheduler's knowledge always has, ten times in a hundred of its sleeps; and it gets its place back from
// another thread of ours, which has no real-time priority and waits behind whatever else keeps the machine busy: up to
// 50 ms were measured beside three busy processes, against 0.4 ms with a pin.
//
// Nothing that could wait may be done between pin and unpin: no mutex, no channel, no call of the system by package syscall
// other than a raw one. The runtime keeps these two functions for programs that link to them (go.dev/issue/67401).

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// pin keeps the goroutine in its place until unpin.
func pin() { procPin() }

// unpin drops the scheduler's request for the place, if there was one.
func unpin() {
	checkpoint()
	procUnpin()
}

// checkpoint is a function with a beginning, which is where the runtime gets hold of a goroutine. Pinned, it drops the
// request; not pinned, it gives way.
//
//go:noinline
func checkpoint() {
	var frame [128]byte // with less of a frame there is no such beginning
	use(&frame)
}

//go:noinline
func use(*[128]byte) {}
