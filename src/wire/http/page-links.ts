// The links of an HTML page that passes through, rewritten where they stand: the attributes of HTML that hold a URL, in
// start tags and nowhere else (comments, scripts and other raw text are left alone). Everything else stays as it is, byte
// for byte; the page is never held as a whole.

const attributes: Readonly<Record<string, string>> = {
  a: 'href', applet: 'codebase', area: 'href', audio: 'src', base: 'href', blockquote: 'cite', body: 'background', button: 'formaction', command: 'icon', del: 'cite', embed: 'src', form: 'action',
  frame: 'longdesc src', head: 'profile', html: 'manifest', iframe: 'longdesc src', img: 'longdesc src usemap', input: 'src usemap formaction', ins: 'cite', link: 'href',
  object: 'classid codebase data usemap', q: 'cite', script: 'src', source: 'src', video: 'poster src',
};
const urlAttributes = new Map(Object.entries(attributes).map(([tag, names]) => [tag, new Set(names.split(' '))]));
/** Elements whose content is text until their end tag. */
const rawText = new Set(['iframe', 'noembed', 'noframes', 'plaintext', 'script', 'style', 'title', 'textarea', 'xmp']);

/** What is longer than this and no tag yet is none. */
const longestTag = 1 << 20;

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(value: string): string {
  return value.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, (all, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? all;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    // The page is read as bytes: only what is one byte in every encoding can stand for itself.
    return code < 0x80 ? String.fromCharCode(code) : all;
  });
}

function escape(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;');
}

interface Tag {
  readonly name: string;
  readonly attributes: readonly { readonly name: string; readonly start: number; readonly end: number }[];
  /** Behind its ">". */
  readonly end: number;
}

/** The start tag at the beginning of the text; undefined when it does not end here. One look at each character. */
function readTag(text: string): Tag | undefined {
  let at = 1;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    at += found?.length ?? 0;
    return found;
  };
  const name = (take(/[^\s/>]*/y) ?? '').toLowerCase();
  const found: { name: string; start: number; end: number }[] = [];
  for (;;) {
    take(/[\s/]*/y);
    if (at >= text.length) return undefined;
    if (text[at] === '>') return { name, attributes: found, end: at + 1 };
    const attribute = (take(/=?[^\s/>=]*/y) ?? '').toLowerCase();
    if (take(/\s*=\s*/y) === undefined) continue;
    const start = at;
    if (take(/"[^"]*"|'[^']*'|(?!["'])[^\s>]*/y) === undefined) return undefined;
    if (at >= text.length) return undefined;
    found.push({ name: attribute, start, end: at });
  }
}

function rewriteTag(text: string, { name, attributes: written }: Tag, rewrite: (url: string) => string): string {
  const wanted = urlAttributes.get(name);
  if (wanted === undefined) return text;
  let out = '';
  let done = 0;
  for (const { name: attribute, start, end } of written) {
    if (!wanted.has(attribute)) continue;
    const quoted = text[start] === '"' || text[start] === "'";
    const url = unescape(quoted ? text.slice(start + 1, end - 1) : text.slice(start, end));
    const next = rewrite(url);
    if (next === url) continue;
    out += `${text.slice(done, start)}"${escape(next)}"`;
    done = end;
  }
  return out + text.slice(done);
}

export interface LinkRewriter {
  /** Takes the next part of the page, a character for each byte, and returns what can be passed on. */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

export function createLinkRewriter(rewrite: (url: string) => string): LinkRewriter {
  let pending = '';
  /** The element whose end tag is awaited. */
  let raw = '';

  /** The length of what can be passed on without more, 0 when nothing can. */
  const settled = (): number => {
    const open = pending.indexOf('<');
    if (open !== 0) return open < 0 ? pending.length : open;
    if (pending.length < 4) return 0;
    if (pending.startsWith('<!--')) return pending.indexOf('-->', 2) < 0 ? 0 : pending.indexOf('-->', 2) + 3;
    return '!?/'.includes(pending[1] ?? '') ? pending.indexOf('>') + 1 : 1;
  };
  /** The same within raw text, of which enough stays to know its end. */
  const settledRaw = (): number => {
    const found = raw === 'plaintext' ? -1 : pending.search(new RegExp(`</${raw}[\\s/>]`, 'i'));
    if (found < 0) return Math.max(0, pending.length - raw.length - 3);
    raw = '';
    return found;
  };
  const cut = (length: number): string => {
    const part = pending.slice(0, length);
    pending = pending.slice(length);
    return part;
  };
  /** One piece of the page, undefined when more is needed to know where it ends. */
  const piece = (): string | undefined => {
    if (raw !== '') {
      const length = settledRaw();
      return length > 0 || raw === '' ? cut(length) : undefined;
    }
    const tag = /^<[a-zA-Z]/.test(pending) ? readTag(pending) : null;
    if (tag === null || (tag === undefined && pending.length > longestTag)) {
      const length = settled() || (pending.length > longestTag ? pending.length : 0);
      return length === 0 ? undefined : cut(length);
    }
    if (tag === undefined) return undefined;
    if (rawText.has(tag.name)) raw = tag.name;
    return rewriteTag(cut(tag.end), tag, rewrite);
  };
  return {
    push(text) {
      pending += text;
      let out = '';
      for (;;) {
        const part = pending === '' ? undefined : piece();
        if (part === undefined) return out;
        out += part;
      }
    },
    end() {
      const rest = pending;
      pending = '';
      return rest;
    },
  };
}
