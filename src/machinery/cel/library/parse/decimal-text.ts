// Floating point numbers in decimal: exactly rounded to a number of fraction digits, ties to even, as Go prints
// them; with a thousands separator; and in scientific notation with superscript exponents.

/** The value as a fraction: mantissa × 2^exponent. */
function exactly(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return biased === 0 ? { mantissa: fraction, exponent: -1074 } : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

/** |value| × 10^digits as an integer, ties to even. */
function scaledInteger(value: number, digits: number): bigint {
  const { mantissa, exponent } = exactly(Math.abs(value));
  const numerator = mantissa * (digits > 0 ? 10n ** BigInt(digits) : 1n) * (exponent > 0 ? 1n << BigInt(exponent) : 1n);
  const denominator = (digits < 0 ? 10n ** BigInt(-digits) : 1n) * (exponent < 0 ? 1n << BigInt(-exponent) : 1n);
  const quotient = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  const isUp = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}

/** "-1234.50" */
export function fixedPoint(value: number, fractionDigits: number): string {
  const digits = scaledInteger(value, fractionDigits).toString().padStart(fractionDigits + 1, '0');
  const whole = digits.slice(0, digits.length - fractionDigits);
  const sign = value < 0 ? '-' : '';
  return fractionDigits === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-fractionDigits)}`;
}

/** "-1,234.50" */
export function grouped(text: string): string {
  const point = text.indexOf('.');
  const whole = point < 0 ? text : text.slice(0, point);
  return whole.replace(/\B(?=(?:[0-9]{3})+$)/g, ',') + (point < 0 ? '' : text.slice(point));
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** "1.234560×10⁰⁵": six fraction digits, at least two digits of exponent. */
export function scientific(value: number): string {
  if (value === 0) return '0.000000×10⁰⁰';
  let exponent = Math.floor(Math.log10(Math.abs(value)));
  let digits = scaledInteger(value, 6 - exponent).toString();
  // The logarithm is off by one next to powers of ten, and rounding may carry.
  for (let tries = 0; digits.length !== 7 && tries < 3; tries++) {
    exponent += digits.length - 7;
    digits = scaledInteger(value, 6 - exponent).toString();
  }
  const power = [...Math.abs(exponent).toString().padStart(2, '0')].map((digit) => superscripts.charAt(Number(digit))).join('');
  return `${value < 0 ? '-' : ''}${digits.charAt(0)}.${digits.slice(1)}×10${exponent < 0 ? '⁻' : ''}${power}`;
}
