package jobs

import (
	"context"
	"time"
)

const sweepBatch = 500

// sweep wakes up the notices whose job was lost.
func (r *Runner) sweep(ctx context.Context) {
	for {
		pause(ctx, r.config.Sweep)
		if ctx.Err() != nil {
			return
		}
		woken, err := r.outbox.Wake(ctx, time.Now(), sweepBatch)
		switch {
		case err != nil && ctx.Err() == nil:
			r.config.Log.Warn("lost jobs could not be looked for", "error", err)
		case woken > 0:
			r.config.Log.Info("notices were overdue and had no job", "woken", woken)
		}
	}
}
