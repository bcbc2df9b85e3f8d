package media

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receiveBuffer is what the kernel may hold for a port, in bytes: a second of packets.
const receiveBuffer = 64 << 10

// socket is a UDP socket used by plain system calls that don't wait.
type socket struct {
	fd        int
	ip6       bool
	connected bool
	peer      netip.AddrPort // when connected
	index     int32          // in a ring's table of files; -1 when in none

	// For one receive: the message's header and what it points to. They are kept so that nothing is allocated.
	msg  unix.Msghdr
	iov  unix.Iovec
	name unix.RawSockaddrInet6 // also holds the shorter IPv4 form
	ctl  [64]byte
}

func openSocket(at netip.AddrPort) (packetIO, error) {
	s := &socket{ip6: at.Addr().Is6(), index: -1}
	domain := unix.AF_INET
	if s.ip6 {
		domain = unix.AF_INET6
	}
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, fmt.Errorf("open an RTP socket: %w", os.NewSyscallError("socket", err))
	}
	s.fd = fd
	if err := s.setUp(at); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("open RTP port %v: %w", at, err)
	}
	return s, nil
}

func (s *socket) setUp(at netip.AddrPort) error {
	// The kernel may refuse either; packets are then stamped when read, and bursts are shorter.
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	if err := unix.Bind(s.fd, sockaddr(at)); err != nil {
		return os.NewSyscallError("bind", err)
	}
	s.msg.Iov = &s.iov
	s.msg.SetIovlen(1)
	s.msg.Control = &s.ctl[0]
	return nil
}

func (s *socket) read(p []byte) (int, netip.AddrPort, time.Duration, bool) {
	for range 2 { // an ICMP error is reported once, in the place of a datagram
		s.iov.Base = &p[0]
		s.iov.SetLen(len(p))
		s.msg.Name, s.msg.Namelen = nil, 0
		if !s.connected {
			s.msg.Name, s.msg.Namelen = (*byte)(unsafe.Pointer(&s.name)), uint32(unsafe.Sizeof(s.name))
		}
		s.msg.SetControllen(len(s.ctl))
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msg)), unix.MSG_DONTWAIT)
		s.iov.Base = nil
		switch errno {
		case 0:
			return int(n), s.from(), arrival(&s.msg), true
		case unix.EAGAIN:
			return 0, netip.AddrPort{}, 0, false
		}
	}
	return 0, netip.AddrPort{}, 0, false
}

// from is where the datagram came from.
func (s *socket) from() netip.AddrPort {
	if s.connected {
		return s.peer
	}
	if s.ip6 {
		port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&s.name.Port))[:])
		return netip.AddrPortFrom(netip.AddrFrom16(s.name.Addr).Unmap(), port)
	}
	v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.name))
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&v4.Port))[:])
	return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
}

// arrival is the kernel's time stamp of a datagram, which knows nothing of when we got round to reading it; 0 without.
func arrival(m *unix.Msghdr) time.Duration {
	const head = unix.SizeofCmsghdr
	h := (*unix.Cmsghdr)(unsafe.Pointer(m.Control))
	if m.Controllen >= head+16 && h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS {
		ts := (*unix.Timespec)(unsafe.Add(unsafe.Pointer(m.Control), head))
		return time.Duration(ts.Nano())
	}
	return 0
}

func (s *socket) write(p []byte, to netip.AddrPort) error {
	var errno unix.Errno
	for range 2 { // an ICMP error of an earlier datagram is reported in the place of this one
		if errno = s.send(p, to); errno == 0 {
			return nil
		}
	}
	return errno
}

func (s *socket) send(p []byte, to netip.AddrPort) unix.Errno {
	if s.connected {
		return s.sendTo(p, nil, 0)
	}
	if s.ip6 {
		name := raw6(to)
		return s.sendTo(p, unsafe.Pointer(&name), unix.SizeofSockaddrInet6)
	}
	name := raw4(to)
	return s.sendTo(p, unsafe.Pointer(&name), unix.SizeofSockaddrInet4)
}

func (s *socket) sendTo(p []byte, name unsafe.Pointer, size uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, uintptr(name), size)
	return errno
}

func raw4(a netip.AddrPort) unix.RawSockaddrInet4 {
	r := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.Addr().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&r.Port))[:], a.Port())
	return r
}

func raw6(a netip.AddrPort) unix.RawSockaddrInet6 {
	r := unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: a.Addr().As16()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&r.Port))[:], a.Port())
	return r
}

func (s *socket) connect(to netip.AddrPort) error {
	if !to.IsValid() {
		unspec := unix.RawSockaddr{Family: unix.AF_UNSPEC}
		_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(s.fd), uintptr(unsafe.Pointer(&unspec)), unsafe.Sizeof(unspec))
		s.connected, s.peer = false, netip.AddrPort{}
		return os.NewSyscallError("connect", errOf(errno))
	}
	if err := unix.Connect(s.fd, sockaddr(to)); err != nil {
		return os.NewSyscallError("connect", err)
	}
	s.connected, s.peer = true, to
	return nil
}

// local is the address that the socket is bound to.
func (s *socket) local() (netip.AddrPort, error) {
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	v4, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("socket of family %T", name)
	}
	return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), uint16(v4.Port)), nil
}

func (s *socket) close() error { return os.NewSyscallError("close", unix.Close(s.fd)) }

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

func errOf(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
