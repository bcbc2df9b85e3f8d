package survey

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A browser is Chromium with the width of a telephone. What it complains about fails the test.
type browser struct {
	t   *testing.T
	ctx context.Context
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v; install it by make peers", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.WindowSize(390, 844))
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	var mu sync.Mutex
	var complaints []string
	ctx, end := chromedp.NewContext(ctx, chromedp.WithBrowserOption(chromedp.WithConsolef(func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, fmt.Sprintf(format, args...))
	})))
	t.Cleanup(func() {
		end()
		mu.Lock()
		defer mu.Unlock()
		for _, complaint := range complaints {
			if !strings.Contains(complaint, "Failed to load resource") { // a page whose status is 404 or 410
				t.Errorf("the browser complains: %s", complaint)
			}
		}
	})
	return &browser{t: t, ctx: ctx}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// wants waits until a page says something.
func (b *browser) wants(text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(fmt.Sprintf(`//main[contains(., %q)]`, text)))
}

// find is the value of an expression on the page.
func find[T any](b *browser, expression string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

// TestVoteInABrowser votes by mouse, changes the vote by keyboard alone, and follows a link that is wrong.
func TestVoteInABrowser(t *testing.T) {
	d := newBureau(t, "en-US")
	site := httptest.NewServer(d.site)
	t.Cleanup(site.Close)
	b := openBrowser(t)
	b.do(chromedp.Navigate(site.URL + d.path()))
	b.wants("How satisfied are you")
	if width := find[float64](b, `document.documentElement.scrollWidth - window.innerWidth`); width > 0 {
		t.Errorf("the page is %v pixels wider than a telephone", width)
	}
	if color := find[string](b, `getComputedStyle(document.querySelector("button")).borderRadius`); color != "8px" {
		t.Errorf("got corners of %q: the style does not get past the policy of the page", color)
	}
	b.do(chromedp.Click(chromedp.CSS("button"))) // without a score the browser itself objects
	if d.score() != 0 || find[int](b, `document.querySelectorAll("input:invalid").length`) != 5 {
		t.Error("a vote without a score is sent")
	}
	b.do(
		chromedp.Click(`//label[contains(., "Satisfied")]`),
		chromedp.SendKeys(chromedp.CSS("#comment"), "quick & kind <3"),
		chromedp.Click(chromedp.CSS("button")),
	)
	b.wants("Thank you")
	if d.score() != 4 {
		t.Errorf("got score %d, want 4", d.score())
	}

	b.do(chromedp.Navigate(site.URL + d.path()))
	b.wants("You have voted already")
	if comment := find[string](b, `document.querySelector("#comment").value`); comment != "quick & kind <3" {
		t.Errorf("got comment %q", comment)
	}
	b.do(
		chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.ArrowDown), // to the score, and one more
		chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter), // past the comment to the button
	)
	b.wants("Thank you")
	if d.score() != 5 {
		t.Errorf("got score %d by keyboard, want 5", d.score())
	}

	token := []byte(d.path())
	token[len(token)-2] ^= 1
	b.do(chromedp.Navigate(site.URL + string(token)))
	b.wants("This link is not right")
	d.clock = d.clock.Add(30 * 24 * time.Hour)
	b.do(chromedp.Navigate(site.URL + d.path()))
	b.wants("This survey is closed")
}
