// The Date of an answer (RFC 9110, 6.6.1), one text for all of a second.

let known = 0;
let text = '';

/** @param nowMs milliseconds since 1970 */
export function httpDate(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== known || text === '') {
    known = second;
    text = new Date(second * 1000).toUTCString();
  }
  return text;
}
