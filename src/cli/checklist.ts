// The live checklist of `up` and `down`: one line a step with its time, a spinner on whatever takes over a
// second, plain lines when the output is not a terminal. Steps may run side by side.
import { systemClock, type Clock } from '#base/clock.ts';

export interface Step {
  /** Replaces the text behind the step's name ("pulling 3/7"). */
  note(text: string): void;
}

export interface Checklist {
  /** Runs one step and prints how it went. Rethrows its error after marking the step failed. */
  step<T>(name: string, work: (step: Step) => Promise<T>): Promise<T>;
  /** A line between steps. */
  say(text: string): void;
  /** Seconds since the checklist began. */
  readonly elapsedSeconds: number;
  close(): void;
}

export interface ChecklistOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

interface Running {
  readonly name: string;
  readonly startedMs: number;
  note: string;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;
}

export function createChecklist(output: ChecklistOutput, clock: Clock = systemClock): Checklist {
  const live = output.isTTY === true;
  const began = clock.monotonic();
  const running = new Set<Running>();
  let drawn = 0;
  let frame = 0;
  let closed = false;
  let ticking: { cancel(): void } | undefined;

  const erase = (): void => {
    if (drawn > 0) output.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  const draw = (): void => {
    if (!live) return;
    for (const step of running) {
      const ms = clock.monotonic() - step.startedMs;
      const spinner = ms >= 1000 ? frames[frame % frames.length] : '·';
      output.write(`${spinner} ${step.name}${step.note === '' ? '' : `  ${step.note}`}${ms >= 1000 ? `  ${seconds(ms)}` : ''}\n`);
      drawn++;
    }
  };
  const tick = (): void => {
    if (closed || running.size === 0) return void (ticking = undefined);
    frame++;
    erase();
    draw();
    ticking = clock.after(100, tick, { background: true });
  };
  const line = (text: string): void => {
    erase();
    output.write(`${text}\n`);
    draw();
  };
  const finish = (step: Running, mark: string): void => {
    running.delete(step);
    const took = seconds(clock.monotonic() - step.startedMs).padStart(8);
    line(`${mark} ${step.name.padEnd(34)} ${took}${step.note === '' ? '' : `  ${step.note}`}`);
  };

  return {
    get elapsedSeconds() {
      return (clock.monotonic() - began) / 1000;
    },
    say: line,
    close() {
      closed = true;
      ticking?.cancel();
    },
    async step(name, work) {
      const entry: Running = { name, startedMs: clock.monotonic(), note: '' };
      running.add(entry);
      if (live && ticking === undefined) ticking = clock.after(100, tick, { background: true });
      // Without a terminal a step that takes long still says once that it is under way.
      const slow = live ? undefined : clock.after(1000, () => output.write(`… ${name}${entry.note === '' ? '' : `  ${entry.note}`}\n`), { background: true });
      try {
        const result = await work({ note: (text) => (entry.note = text) });
        slow?.cancel();
        finish(entry, '✓');
        return result;
      } catch (error) {
        slow?.cancel();
        finish(entry, '✗');
        throw error;
      }
    },
  };
}
