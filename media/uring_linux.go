package media

import (
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// batch is how many packets go to the kernel in one call: their buffers stay in the processor's cache.
	batch = 256
	// stride is the room of a packet that is received: maxPacket, rounded up.
	stride = 2048
)

// uring is the carrier over io_uring. Ports that are not connected yet, which is for the first packets of a call, and
// what is rare goes by plain system calls.
type uring struct {
	plain   plain
	ring    *ring
	free    []uint32 // places in the table of files
	memory  []byte   // beyond the garbage collector, because the kernel writes there
	area    *uringArea
	flights [batch]flight
	n       int
}

// uringArea is what the kernel reads and writes.
type uringArea struct {
	messages [batch]unix.Msghdr
	vectors  [batch]unix.Iovec
	controls [batch][64]byte
	out      [batch][packetSize]byte
	in       [batch][stride]byte
}

// flight is a packet under way to or from the kernel.
type flight struct {
	session   *Session
	receives  bool
	result    int32
	from      netip.AddrPort // of a packet that comes
	departure departure      // of one that goes
}

// newUring opens a ring for a worker, on its thread.
func newUring(w *worker, ports int) (carrier, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil {
		ports = int(min(uint64(ports), limit.Cur))
	}
	r, err := openRing(batch, uint32(ports))
	if err != nil {
		return nil, err
	}
	memory, err := unix.Mmap(-1, 0, int(unsafe.Sizeof(uringArea{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		r.close()
		return nil, err
	}
	u := &uring{plain: plain{w: w}, ring: r, memory: memory, area: (*uringArea)(unsafe.Pointer(&memory[0]))}
	for i := range ports {
		u.free = append(u.free, uint32(ports-1-i))
	}
	for i := range batch {
		a := u.area
		a.vectors[i].Base = &a.in[i][0]
		a.vectors[i].SetLen(maxPacket)
		a.messages[i].Iov = &a.vectors[i]
		a.messages[i].SetIovlen(1)
		a.messages[i].Control = &a.controls[i][0]
	}
	return u, nil
}

func (u *uring) close() {
	u.ring.close()
	_ = unix.Munmap(u.memory)
}

func (u *uring) adopt(s *Session) {
	port, ok := s.rtp.(*socket)
	if !ok || len(u.free) == 0 {
		return
	}
	last := len(u.free) - 1
	if err := u.ring.setFile(u.free[last], port.fd); err != nil {
		u.plain.w.log.Warn("media: a call's packets go by plain system calls", "error", err)
		return
	}
	port.index = int32(u.free[last])
	u.free = u.free[:last]
}

func (u *uring) release(s *Session) {
	port, ok := s.rtp.(*socket)
	if !ok || port.index < 0 {
		return
	}
	if err := u.ring.setFile(uint32(port.index), -1); err == nil {
		u.free = append(u.free, uint32(port.index))
	}
	port.index = -1
}

// direct reports whether a port's packets go by plain system calls.
func direct(s *Session) (*socket, bool) {
	port, ok := s.rtp.(*socket)
	return port, !ok || port.index < 0 || !port.connected
}

func (u *uring) receive(s *Session) {
	port, plainly := direct(s)
	if plainly {
		u.plain.receive(s)
		return
	}
	f, i := u.flight(s)
	f.receives, f.from, f.result = true, s.latch.source, -int32(unix.EAGAIN)
	m := &u.area.messages[i]
	m.SetControllen(len(u.area.controls[i]))
	q := u.ring.next()
	q.opcode, q.flags, q.fd = opRecvMsg, sqeFixedFile, port.index
	q.addr, q.size, q.msgFlags, q.userData = uint64(uintptr(unsafe.Pointer(m))), 1, unix.MSG_DONTWAIT, uint64(i)
}

func (u *uring) packet() *[packetSize]byte { return &u.area.out[u.n] }

func (u *uring) send(s *Session, size int, to netip.AddrPort, d departure) {
	port, plainly := direct(s)
	if plainly {
		err := s.rtp.write(u.packet()[:size], to)
		s.sent(&d, err == nil, u.plain.w.now)
		return
	}
	f, i := u.flight(s)
	f.receives, f.result, f.departure = false, 0, d
	q := u.ring.next()
	q.opcode, q.flags, q.fd = opSend, sqeFixedFile|sqeCQESkipSuccess, port.index
	q.addr, q.size, q.msgFlags, q.userData = uint64(uintptr(unsafe.Pointer(&u.area.out[i]))), uint32(size), unix.MSG_DONTWAIT, uint64(i)
}

// flight is the next one; ready saw to it that there is one.
func (u *uring) flight(s *Session) (*flight, int) {
	i := u.n
	u.n++
	f := &u.flights[i]
	f.session = s
	return f, i
}

// ready makes room for a visit, which takes two flights at most.
func (u *uring) ready() {
	if u.n > batch-2 {
		u.flush()
	}
}

func (u *uring) flush() {
	if u.n == 0 {
		return
	}
	if err := u.ring.submit(); err != nil {
		u.fail(err)
	}
	u.ring.completions(func(i uint64, result int32) { u.flights[i].result = result })
	now := u.plain.w.clock.now()
	for i := range u.n {
		u.land(&u.flights[i], u.area.in[i][:], &u.area.messages[i], now)
	}
	u.n = 0
}

// fail marks what could not be submitted.
func (u *uring) fail(err error) {
	for i := range u.n {
		u.flights[i].result = -int32(unix.EIO)
	}
	u.plain.w.log.Error("media: io_uring failed; packets of this tick are lost", "error", err)
}

// land hands over what came, or tells what became of what went.
func (u *uring) land(f *flight, in []byte, m *unix.Msghdr, now time.Duration) {
	s := f.session
	s.mu.Lock()
	switch {
	case !f.receives:
		s.sent(&f.departure, f.result >= 0, now)
	case f.result >= 0:
		if s.take(u.plain.w, in[:f.result], f.from, arrival(m)) {
			u.plain.receive(s)
		}
	case f.result != -int32(unix.EAGAIN): // an ICMP error in the place of a datagram
		u.plain.receive(s)
	}
	s.mu.Unlock()
	f.session, f.departure = nil, departure{}
}

// probeUring tries whether rings can be had and carry a datagram with its time stamp.
func probeUring() error {
	runtime.LockOSThread() // a ring belongs to a thread
	defer runtime.UnlockOSThread()
	port, err := openSocket(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
	if err != nil {
		return err
	}
	defer port.close()
	self, err := port.(*socket).local()
	if err != nil {
		return err
	}
	if err := port.connect(self); err != nil {
		return err
	}
	w := &worker{clock: newSleeper(), log: slog.New(slog.DiscardHandler)}
	u, err := newUring(w, 1)
	if err != nil {
		return err
	}
	defer u.close()
	s := &Session{rtp: port}
	u.adopt(s)
	s.latch.source = self
	u.send(s, copy(u.packet()[:], "a datagram to ourselves"), self, departure{})
	u.flush()
	u.receive(s)
	u.flush()
	if s.out.sent != 1 || s.in.invalid != 1 {
		return fmt.Errorf("%w: a datagram to ourselves did not come", errNoRing)
	}
	return nil
}
