/**
 * A browser without a screen: its timers, what is shown in it, and the parts of JupyterLab that the page works with.
 */
import type { IProblem } from '../src/model';
import type { Choice } from '../src/stop/state';
import type { IFarewell } from '../src/ui/farewell';
import type { IProgress } from '../src/ui/progress';

export class ApiError extends Error {
  readonly problem: IProblem;
  readonly status: number;

  constructor(problem: IProblem, status: number) {
    super(problem.message);
    this.problem = problem;
    this.status = status;
  }
}

export const STOP_EVENT = 'the schema of stops';
export const SCHEDULE_EVENT = 'the schema of schedules';

let ids = 0;

export function newId(): string {
  return `id${++ids}`;
}

interface ITimer {
  at: number;
  id: number;
  action: () => void;
}

/** Time that passes only when it is told to. */
export class Time {
  now = 0;
  private timers: ITimer[] = [];
  private ids = 0;

  after(delay: number, action: () => void): number {
    const id = ++this.ids;
    this.timers.push({ at: this.now + delay, id, action });
    return id;
  }

  forget(id: number): void {
    this.timers = this.timers.filter(timer => timer.id !== id);
  }

  async pass(duration: number): Promise<void> {
    const end = this.now + duration;
    for (;;) {
      await settled();
      const due = this.timers
        .filter(timer => timer.at <= end)
        .sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) {
        break;
      }
      this.forget(due.id);
      this.now = Math.max(this.now, due.at);
      due.action();
    }
    this.now = end;
  }
}

/** Let all promises that can be settled be so, those of an import too. */
async function settled(): Promise<void> {
  await new Promise(resolve => {
    setImmediate(resolve);
  });
  for (let turn = 0; turn < 12; turn++) {
    await Promise.resolve();
  }
}

/** Something that asks: what can be answered, and how. */
export interface IQuestion {
  answers: Choice[];
  answer: (choice: Choice) => void;
}

/** What the user sees and does. */
export class Browser {
  readonly time = new Time();
  question: IQuestion | null = null;
  /** How many errors were told. */
  errors = 0;
  overlay: IProgress | IFarewell | null = null;
  cancel: () => void = () => undefined;
  private readonly listeners = new Map<string, (() => void)[]>();

  constructor() {
    const listen = (name: string, listener: () => void) => {
      this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
    };
    const globals = {
      setTimeout: (action: () => void, delay: number) =>
        this.time.after(delay, action),
      window: {
        requestIdleCallback: (action: () => void) =>
          this.time.after(50, action),
        setTimeout: (action: () => void, delay: number) =>
          this.time.after(delay, action),
        clearTimeout: (id: number) => this.time.forget(id),
        addEventListener: listen
      },
      document: { hidden: false, addEventListener: listen },
      navigator: { onLine: true }
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true });
    }
  }

  setOnline(onLine: boolean): void {
    (navigator as { onLine: boolean }).onLine = onLine;
    if (onLine) {
      this.fire('online');
    }
  }

  fire(name: string): void {
    this.listeners.get(name)?.forEach(listener => listener());
  }

  /** Open a dialog; one that is open already lies below it and stays. */
  ask(answers: Choice[]): {
    question: IQuestion;
    answer: Promise<Choice>;
    withdraw: () => void;
  } {
    let resolve: (choice: Choice) => void = () => undefined;
    const answer = new Promise<Choice>(settle => (resolve = settle));
    const close = () => {
      if (this.question === question) {
        this.question = null;
      }
    };
    const question: IQuestion = {
      answers,
      answer: choice => {
        close();
        resolve(choice);
      }
    };
    this.question = question;
    return { question, answer, withdraw: () => question.answer('cancel') };
  }
}

let current: Browser;

/** Show all that the sources draw from now on in `browser`. */
export function show(browser: Browser): Browser {
  current = browser;
  return browser;
}

// What the sources import from modules that draw.

export function askToStop() {
  const { question, answer, withdraw } = current.ask(['cancel']);
  const fill = () => {
    question.answers = ['cancel', 'save', 'discard'];
  };
  return { answer, withdraw, fill, preview: () => undefined };
}

export function showFailure({ anyway }: { anyway: boolean }) {
  const { answer, withdraw } = current.ask(
    anyway ? ['cancel', 'anyway'] : ['cancel']
  );
  return { answer: answer.then(choice => choice === 'anyway'), withdraw };
}

export function stopOverlay(_user: unknown, cancel: () => void) {
  current.cancel = cancel;
  return (shown: IProgress | IFarewell | null) => {
    current.overlay = shown;
  };
}

export const Notification = {
  info: () => 'notice',
  error: () => {
    current.errors++;
    return 'notice';
  },
  dismiss: () => undefined
};

type Slot = (sender?: unknown, args?: unknown) => void;

/** Enough of a signal of Lumino's. */
export class Signal {
  private readonly slots: [Slot, unknown][] = [];

  connect(slot: Slot, owner?: unknown): void {
    this.slots.push([slot, owner]);
  }

  disconnect(slot: Slot): void {
    const at = this.slots.findIndex(([one]) => one === slot);
    if (at >= 0) {
      this.slots.splice(at, 1);
    }
  }

  emit(args?: unknown): void {
    [...this.slots].forEach(([slot, owner]) => slot.call(owner, this, args));
  }
}
