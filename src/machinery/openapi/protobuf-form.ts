// The engine behind OpenAPI's binary forms (the gnostic project's messages): a table of texts names the fields of
// every message that a server's document can hold, "name number kind" each; `x-` members travel as YAML, of which JSON
// is a part. Members that the format does not know are left out.
import { isObject } from '../patch/json-tree.ts';
import { ReverseWriter } from '../protobuf/writer.ts';

export type Write = (writer: ReverseWriter, number: number, value: unknown) => void;

interface Field {
  readonly name: string;
  readonly number: number;
  readonly write: Write;
}

interface Message {
  readonly fields: readonly Field[];
  /** The field of `x-` members. */
  readonly extensions: number | undefined;
}

/** The writer works from the end: what is written in `content` becomes the field's value. */
export function embed(writer: ReverseWriter, number: number, content: () => void): void {
  const mark = writer.written;
  content();
  writer.close(number, mark);
}

export const text: Write = (writer, number, value) => {
  if (typeof value !== 'string') return;
  writer.text(value);
  writer.tag(number, 2);
};

/** A member of a map: its name, then its value. */
export function named(writer: ReverseWriter, number: number, name: string, content: () => void): void {
  embed(writer, number, () => {
    embed(writer, 2, content);
    text(writer, 1, name);
  });
}

/** Last first, as everything is written. */
export function members(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value).reverse() : [];
}

export const each = (write: Write): Write => (writer, number, value) => {
  for (const item of Array.isArray(value) ? [...value].reverse() : [value]) write(writer, number, item);
};

export const bool: Write = (writer, number, value) => {
  if (value !== true) return;
  writer.varint(1);
  writer.tag(number, 0);
};

const double: Write = (writer, number, value) => {
  if (typeof value !== 'number') return;
  writer.double(value);
  writer.tag(number, 1);
};

const any: Write = (writer, number, value) => embed(writer, number, () => text(writer, 2, `${JSON.stringify(value)}\n`));

const plain: Readonly<Record<string, Write>> = {
  text,
  texts: each(text),
  any,
  anys: each(any),
  bool,
  int: (writer, number, value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return;
    writer.int64(value);
    writer.tag(number, 0);
  },
  double,
};

export interface Form {
  /** Writes a value as a named message, without its frame. */
  write(writer: ReverseWriter, name: string, value: unknown): void;
  /** A writer of fields that hold the message. */
  message(name: string): Write;
}

/** @param kinds What is neither plain nor the name of a message. */
export function createForm(bodies: Readonly<Record<string, string>>, kinds: (form: Form) => Readonly<Record<string, Write>>): Form {
  const parsed = new Map<string, Message>();
  const form: Form = {
    write(writer, name, value) {
      if (!isObject(value)) return;
      const { fields, extensions } = messageNamed(name);
      if (extensions !== undefined) {
        for (const [key, extension] of members(value)) {
          if (key.startsWith('x-')) named(writer, extensions, key, () => text(writer, 2, `${JSON.stringify(extension)}\n`));
        }
      }
      for (const field of [...fields].reverse()) {
        const member = value[field.name];
        if (member !== undefined) field.write(writer, field.number, member);
      }
    },
    message: (name) => (writer, number, value) => embed(writer, number, () => form.write(writer, name, value)),
  };
  const own = kinds(form);
  const messageNamed = (name: string): Message => {
    const known = parsed.get(name);
    if (known !== undefined) return known;
    const fields: Field[] = [];
    let extensions: number | undefined;
    for (const line of (bodies[name] ?? '').split(', ')) {
      const [, field = '', number = '', kind = ''] = /^(\S+) (\d+) ?(.*)$/.exec(line) ?? [];
      if (field === 'x-') extensions = Number(number);
      else fields.push({ name: field, number: Number(number), write: own[kind] ?? plain[kind] ?? form.message(kind) });
    }
    const message = { fields, extensions };
    parsed.set(name, message);
    return message;
  };
  return form;
}

/** What is written, as bytes. */
export function made(write: (writer: ReverseWriter) => void): Buffer {
  const writer = new ReverseWriter(4096);
  write(writer);
  return writer.finish();
}

/** The head of a field whose content is the parts. */
export function sectionHead(number: number, content: readonly Buffer[]): Buffer {
  return made((writer) => {
    writer.varint(content.reduce((sum, part) => sum + part.length, 0));
    writer.tag(number, 2);
  });
}
