// The contenders. Each makes passwords of 30 characters, each class guaranteed, with randomness from
// crypto.getRandomValues: one string a call (`one`), many strings a call (`many`), or the bytes of many lines in one
// Uint8Array (`lines`).

const LENGTH = 30;

// Passmint: the crate `generator`, compiled with the page's profile.
const { default: start, Minting } = await import('/passmint/minting.js');
await start();
const passmint = new Minting();

// Bitwarden, started as its web client does, but without its fallback for browsers without WebAssembly. It makes no
// request: nothing asks for the token.
const sdk = await import('/bitwarden/bitwarden_wasm_internal_bg.js');
const imports = { './bitwarden_wasm_internal_bg.js': sdk };
const { instance } = await WebAssembly.instantiateStreaming(fetch('/bitwarden/bitwarden_wasm_internal_bg.wasm'), imports);
sdk.__wbg_set_wasm(instance.exports);
sdk.init_sdk();
const token = { get_access_token: async () => undefined };
const bitwarden = new sdk.PasswordManagerClient(token, undefined, new sdk.ManagedSettingsClient()).generator();
const request = {
  lowercase: true, uppercase: true, numbers: true, special: true, length: LENGTH, avoidAmbiguous: false,
  minLowercase: 1, minUppercase: 1, minNumber: 1, minSpecial: 1,
};

// generate-password: its file as published, run as a CommonJS module. Only `crypto.randomBytes` of Node is replaced, by
// the browser's randomness.
const source = await (await fetch('/generate-password/generate.js')).text();
const shim = { crypto: { randomBytes: count => crypto.getRandomValues(new Uint8Array(count)) } };
const commonjs = { exports: {} };
new Function('require', 'module', source)(name => shim[name], commonjs);
const options = { length: LENGTH, numbers: true, symbols: true, uppercase: true, lowercase: true, strict: true };

// By hand: the JavaScript of a careful programmer. Random bytes come 65,536 at a time, the maximum of one call. Bytes
// of 188 and more are discarded, so that 94 divides the rest; so is a string that lacks a class. No branch depends on a
// byte: the next byte overwrites a discarded one. The loop uses local variables only, because a module's are looked up
// at each use. Both together make it three times as fast.
const pool = new Uint8Array(65536);
let used = pool.length;
const bytes = Array.from({ length: 256 }, (_, byte) => byte);
const CODES = Uint8Array.from(bytes, byte => 33 + byte % 94);
const KEPT = Uint8Array.from(bytes, byte => byte < 188);
const CLASSES = Uint8Array.from(bytes, byte => {
  const character = String.fromCharCode(CODES[byte]);
  return KEPT[byte] && (/[a-z]/.test(character) ? 1 : /[A-Z]/.test(character) ? 2 : /[0-9]/.test(character) ? 4 : 8);
});

function fill(codes, start) {
  const end = start + LENGTH;
  const random = pool, code = CODES, kept = KEPT, classOf = CLASSES;
  let classes, next = used;
  do {
    classes = 0;
    for (let at = start; at < end;) {
      if (next === 65536) {
        crypto.getRandomValues(random);
        next = 0;
      }
      const byte = random[next++];
      codes[at] = code[byte];
      classes |= classOf[byte];
      at += kept[byte];
    }
  } while (classes !== 15);
  used = next;
}

// The fastest way from bytes to a string that we found: twice as fast as `apply`, four times as fast as `TextDecoder`.
const c = new Uint8Array(LENGTH);
function byHand() {
  fill(c, 0);
  return String.fromCharCode(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13],
    c[14], c[15], c[16], c[17], c[18], c[19], c[20], c[21], c[22], c[23], c[24], c[25], c[26], c[27], c[28], c[29]);
}

function linesByHand(count) {
  const lines = new Uint8Array(count * (LENGTH + 1));
  for (let start = 0; start < lines.length; start += LENGTH + 1) {
    fill(lines, start);
    lines[start + LENGTH] = 10;
  }
  return lines;
}

// Passing one string from WebAssembly to JavaScript takes longer than minting it, so a thousand are passed at once.
const decoder = new TextDecoder();
// Each string is a slice of all, so one of them keeps a thousand in memory.
const strings = (make) => (count, take) => {
  const lines = decoder.decode(make(count));
  for (let start = 0; start < lines.length; start += LENGTH + 1) take(lines.slice(start, start + LENGTH));
};

const contenders = {
  passmint: { one: () => passmint.one() },
  passmintStrings: { many: strings(count => passmint.lines(count)) },
  byHandStrings: { many: strings(linesByHand) },
  bitwarden: { one: () => bitwarden.password(request) },
  generatePassword: { one: () => commonjs.exports.generate(options) },
  byHand: { one: byHand },
  passmintLines: { lines: count => passmint.lines(count) },
  byHandLines: { lines: linesByHand },
};

// Reads the string once: a concatenation is only carried out then.
function make({ one, many, lines }, count) {
  if (lines) return lines(count).length;
  let sum = 0;
  const take = text => { sum += text.charCodeAt(0); };
  if (many) many(count, take);
  else for (let made = 0; made < count; made++) take(one());
  return sum;
}

globalThis.minting = {
  // The number of different characters that a contender uses. Throws if a password breaks the rules.
  alphabet(name) {
    const { one, many, lines } = contenders[name];
    const count = 1000;
    let made = [];
    if (lines) made = decoder.decode(lines(count)).trimEnd().split('\n');
    else if (many) many(count, text => made.push(text));
    else made = Array.from({ length: count }, one);
    const good = text => text.length === LENGTH && /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9]/.test(text) &&
      /[!-/:-@[-`{-~]/.test(text);
    if (made.length !== count || !made.every(good) || new Set(made).size !== count) {
      throw new Error(`${name} breaks the rules`);
    }
    return new Set(made.join('')).size;
  },

  // Passwords a second, measured for at least this many milliseconds.
  rate(name, milliseconds) {
    const contender = contenders[name];
    const batch = contender.lines ? 10000 : 1000;
    const start = performance.now();
    let made = 0, elapsed = 0;
    while (elapsed < milliseconds) {
      make(contender, batch);
      made += batch;
      elapsed = performance.now() - start;
    }
    return made / elapsed * 1000;
  },
};
