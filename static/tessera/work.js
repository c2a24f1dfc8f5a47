// A worker that finds, for each piece, a number so that SHA-256 of «prefix:piece:number» begins with `bits` zeros.
// One message in, one message a piece out. Our own SHA-256: the browser's hands back a promise for every digest, which is
// many times slower, and is missing on pages without TLS.

// Signed, all of it: sums of unsigned words would be reckoned as fractions, which is slower.
const ROUNDS = new Int32Array(64);
const START = new Int32Array(8);
const NINE = "9".charCodeAt(0);
prepare();

self.addEventListener("message", ({ data }) => {
  for (let piece = 0; piece < data.pieces; piece += 1) self.postMessage(find(`${data.prefix}:${piece}:`, data.bits));
});

// The constants are the first 32 bits of the fractional parts of the cube and square roots of the first primes.
function prepare() {
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  for (let n = 2, found = 0; found < 64; n += 1) {
    if (!isPrime(n)) continue;
    ROUNDS[found] = fraction(Math.cbrt(n));
    if (found < 8) START[found] = fraction(Math.sqrt(n));
    found += 1;
  }
}

function isPrime(n) {
  for (let i = 2; i * i <= n; i += 1) if (n % i === 0) return false;
  return true;
}

function find(head, bits) {
  const words = new Int32Array(64);
  for (let number = 0, length = 0; ; number += 1) {
    if (number === 0 || !countOn(words, head.length, length)) length = lay(words, head + number);
    if (Math.clz32(firstWord(words)) >= bits) return String(number);
  }
}

// The text, which has less than 56 letters, as the one block of a message. Returns how many it has.
function lay(words, text) {
  words.fill(0, 0, 16);
  for (let i = 0; i < text.length; i += 1) words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  words[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  words[15] = 8 * text.length;
  return text.length;
}

// The next number, in place of the one that stands between `from` and `to`; false where it has a digit more.
function countOn(words, from, to) {
  for (let i = to - 1; i >= from; i -= 1) {
    const shift = 24 - 8 * (i & 3);
    if (((words[i >> 2] >>> shift) & 255) < NINE) {
      words[i >> 2] += 1 << shift;
      return true;
    }
    words[i >> 2] -= 9 << shift;
  }
  return false;
}

const turn = (x, n) => (x >>> n) | (x << (32 - n));

// The first 32 bits of the digest: no more zeros are ever asked for.
function firstWord(w) {
  for (let i = 16; i < 64; i += 1) {
    const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let a = START[0], b = START[1], c = START[2], d = START[3];
  let e = START[4], f = START[5], g = START[6], h = START[7];
  for (let i = 0; i < 64; i += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i]) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0;
    d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  return (a + START[0]) >>> 0;
}
