// Problems of an expression, gathered and printed as cel-go prints them: line, column, the source line and a pointer
// under the place; at most 100 of them, in order of place.
import type { Issue, Issues } from '../contract.ts';

const maxIssues = 100;
const maxSnippetBytes = 16384;
const wide = /[^\u0000-\u007f]/;

interface Found {
  readonly at: number | undefined;
  readonly message: string;
  readonly expression: number | undefined;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function pointer(line: string, column: number): string {
  const characters = [...line];
  let out = '';
  for (let i = 0; i < column && i < characters.length; i++) out += wide.test(characters[i] ?? '') ? '\uff0e' : '.';
  return out + (wide.test(characters[column] ?? '') ? '\uff3e' : '^');
}

function display(text: string, issue: Issue): string {
  const head = `ERROR: <input>:${issue.line}:${issue.column + 1}: ${issue.message}`;
  const line = text.split('\n')[issue.line - 1];
  if (line === undefined || Buffer.byteLength(line) > maxSnippetBytes) return head;
  const snippet = line.replaceAll('\t', ' ');
  return `${head}\n | ${snippet}\n | ${pointer(snippet, issue.column)}`;
}

/** Collects problems at offsets of one text. */
export class IssueList {
  readonly text: string;
  private readonly found: Found[] = [];
  private count = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** `at` undefined: the expression as a whole. */
  add(at: number | undefined, message: string, expression?: number): void {
    this.count++;
    if (this.found.length < maxIssues) this.found.push({ at, message, expression });
  }

  get empty(): boolean {
    return this.count === 0;
  }

  toIssues(): Issues {
    const { text, count } = this;
    const starts = lineStarts(text);
    const list = this.found.map(({ at, message, expression }): Issue => {
      if (at === undefined) return { message, line: -1, column: -1, expression };
      let line = starts.findIndex((start) => start > at);
      if (line < 0) line = starts.length;
      return { message, line, column: [...text.slice(starts[line - 1] ?? 0, at)].length, expression };
    });
    list.sort((a, b) => a.line - b.line || a.column - b.column);
    return {
      list,
      toString: () => {
        const lines = list.map((issue) => display(text, issue));
        if (count > maxIssues) lines.push(`${count - maxIssues} more errors were truncated`);
        return lines.join('\n');
      },
    };
  }
}
