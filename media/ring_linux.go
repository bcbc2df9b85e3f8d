package media

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What io_uring(7) of Linux 6.1 calls by these names, as far as we use it.
const (
	setupCQSize       = 1 << 3
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13
	featSingleMmap    = 1 << 0

	offSQEs = 0x10000000

	opSendMsg = 9
	opRecvMsg = 10
	opSend    = 26

	sqeFixedFile      = 1 << 0
	sqeCQESkipSuccess = 1 << 6

	enterGetEvents = 1 << 0

	registerFiles2      = 13
	registerFilesUpdate = 6
	rsrcRegisterSparse  = 1 << 0
)

type (
	ringOffsets struct {
		head, tail, mask, entries, flags, dropped, array, resv1 uint32
		user                                                    uint64
	}
	completionOffsets struct {
		head, tail, mask, entries, overflow, cqes, flags, resv1 uint32
		user                                                    uint64
	}
	ringParams struct {
		sqEntries, cqEntries, flags, threadCPU, threadIdle, features, wqFD uint32
		resv                                                               [3]uint32
		sq                                                                 ringOffsets
		cq                                                                 completionOffsets
	}
	submission struct {
		opcode, flags uint8
		priority      uint16
		fd            int32
		offset        uint64
		addr          uint64
		size          uint32
		msgFlags      uint32
		userData      uint64
		bufIndex      uint16
		personality   uint16
		fileIndex     int32
		addr3, pad    uint64
	}
	completion struct {
		userData uint64
		result   int32
		flags    uint32
	}
	filesRegistration struct {
		count, flags uint32
		resv         uint64
		data, tags   uint64
	}
	filesUpdate struct {
		offset, resv uint32
		fds          uint64
	}
)

// A ring is an io_uring: a queue of system calls that the kernel makes in one go. It belongs to the thread that opened it.
type ring struct {
	fd          int
	shared      []byte // the kernel's and our view of both queues
	submissions []byte

	sqes           unsafe.Pointer
	sqTail         *uint32
	sqMask, queued uint32
	tail           uint32

	cqes           unsafe.Pointer
	cqHead, cqTail *uint32
	cqMask         uint32
}

// errNoRing says that the kernel has no io_uring for us: too old, or forbidden as in most container profiles.
var errNoRing = errors.New("io_uring is not to be had")

// openRing opens a ring of size submissions, a power of two, with a table of files fixed files.
func openRing(size, files uint32) (*ring, error) {
	p := ringParams{cqEntries: 2 * size, flags: setupCQSize | setupSingleIssuer | setupDeferTaskrun}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(size), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("%w: %w", errNoRing, os.NewSyscallError("io_uring_setup", errno))
	}
	r := &ring{fd: int(fd)}
	unix.CloseOnExec(r.fd)
	if err := r.setUp(&p, files); err != nil {
		r.close()
		return nil, fmt.Errorf("%w: %w", errNoRing, err)
	}
	return r, nil
}

func (r *ring) setUp(p *ringParams, files uint32) (err error) {
	if p.features&featSingleMmap == 0 {
		return errors.New("the kernel is older than Linux 5.4")
	}
	size := max(p.sq.array+p.sqEntries*4, p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(completion{})))
	const access, shared = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	if r.shared, err = unix.Mmap(r.fd, 0, int(size), access, shared); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	if r.submissions, err = unix.Mmap(r.fd, offSQEs, int(p.sqEntries)*int(unsafe.Sizeof(submission{})), access, shared); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.shared[offset])) }
	r.sqes, r.cqes = unsafe.Pointer(&r.submissions[0]), unsafe.Pointer(&r.shared[p.cq.cqes])
	r.sqTail, r.sqMask = at(p.sq.tail), *at(p.sq.mask)
	r.cqHead, r.cqTail, r.cqMask = at(p.cq.head), at(p.cq.tail), *at(p.cq.mask)
	for i := range p.sqEntries { // a submission's place in the queue is its place in the table
		*at(p.sq.array + 4*i) = i
	}
	table := filesRegistration{count: files, flags: rsrcRegisterSparse}
	return r.register("sparse files", registerFiles2, unsafe.Pointer(&table), unsafe.Sizeof(table))
}

func (r *ring) register(what string, opcode uintptr, arg unsafe.Pointer, n uintptr) error {
	if _, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), opcode, uintptr(arg), n, 0, 0); errno != 0 {
		return fmt.Errorf("register %s: %w", what, errno)
	}
	return nil
}

// setFile puts a descriptor into the table of fixed files, or with -1 takes it out: the ring then lets go of the file.
func (r *ring) setFile(index uint32, fd int) error {
	fds := [1]int32{int32(fd)}
	u := filesUpdate{offset: index, fds: uint64(uintptr(unsafe.Pointer(&fds)))}
	return r.register("a file", registerFilesUpdate, unsafe.Pointer(&u), 1)
}

// next is the next submission, empty. There is room: the caller submits in time.
func (r *ring) next() *submission {
	s := (*submission)(unsafe.Add(r.sqes, uintptr(r.tail&r.sqMask)*unsafe.Sizeof(submission{})))
	*s = submission{}
	r.tail++
	r.queued++
	return s
}

// submit has the kernel carry out what is queued. Our operations never wait, so that all of them are done when it returns.
func (r *ring) submit() error {
	atomic.StoreUint32(r.sqTail, r.tail)
	pin()
	defer unpin()
	for r.queued > 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.queued), 0, enterGetEvents, 0, 0)
		if errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN && errno != unix.EBUSY {
			r.queued = 0
			return os.NewSyscallError("io_uring_enter", errno)
		}
		if errno == 0 {
			r.queued -= uint32(n)
		}
	}
	return nil
}

// completions hands out what the kernel has to say. Operations that skip their success say nothing then.
func (r *ring) completions(each func(userData uint64, result int32)) {
	head, tail := *r.cqHead, atomic.LoadUint32(r.cqTail)
	for ; head != tail; head++ {
		c := (*completion)(unsafe.Add(r.cqes, uintptr(head&r.cqMask)*unsafe.Sizeof(completion{})))
		each(c.userData, c.result)
	}
	atomic.StoreUint32(r.cqHead, head)
}

func (r *ring) close() {
	for _, m := range [][]byte{r.shared, r.submissions} {
		if m != nil {
			_ = unix.Munmap(m) // it is gone with the descriptor at the latest
		}
	}
	_ = unix.Close(r.fd)
}
