// JSON indented for people (curl, browsers, ?pretty): works on the text, so that numbers and the order of
// keys stay byte for byte what they are.

const step = '  ';

/** `text` is compact JSON. */
export function indentJson(text: string): string {
  let out = '';
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '"') {
      const end = endOfString(text, i);
      out += text.slice(i, end);
      i = end - 1;
    } else if (c === '{' || c === '[') {
      const next = text.charAt(i + 1);
      if (next === '}' || next === ']') {
        out += c + next;
        i++;
      } else {
        out += `${c}\n${step.repeat(++depth)}`;
      }
    } else if (c === '}' || c === ']') {
      out += `\n${step.repeat(--depth)}${c}`;
    } else if (c === ',') {
      out += `,\n${step.repeat(depth)}`;
    } else if (c === ':') {
      out += ': ';
    } else {
      out += c;
    }
  }
  return `${out}\n`;
}

/** The position after the closing quote of the string that starts at `from`. */
function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) return i + 1;
  }
  return text.length;
}
