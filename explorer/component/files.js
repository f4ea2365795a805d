// Files: each is fetched once by its address, whoever asks.

const SHEETS_KEPT = 16; // sheets of thumbnails that stay unpacked, some megabytes each

const files = new Map();

function once(url, load) {
  if (!files.has(url)) {
    const promise = load(url);
    promise.catch(() => files.delete(url)); // so that a later attempt may succeed
    files.set(url, promise);
  }
  return files.get(url);
}

async function get(url) {
  const answer = await fetch(new URL(url, document.baseURI)).catch(() => null);
  if (!answer?.ok) throw new Error(`${url} could not be fetched (${answer ? answer.status : "no answer"})`);
  return answer;
}

// Files of floats, such as positions, are shared under their address with the page's other parts (players/film.js).
export function numbers(url, Type) {
  const shared = Type === Float32Array ? (window.lpvaePoints ??= new Map()) : files;
  if (!shared.has(url)) {
    const promise = read(url, Type);
    promise.catch(() => shared.delete(url)); // so that a later attempt may succeed
    shared.set(url, promise);
  }
  return shared.get(url);
}

async function read(url, Type) {
  const buffer = await (await get(url)).arrayBuffer();
  if (buffer.byteLength % Type.BYTES_PER_ELEMENT) throw new Error(`${url} is cut short`);
  return new Type(buffer);
}

const packed = (url) => once(url, async () => (await get(url)).blob());
const sheets = new Map(); // address → bitmap, the last used at the end; a promise while it is unpacked

export const ready = (url) => { // the sheet, if it is unpacked
  const bitmap = sheets.get(url);
  if (!(bitmap instanceof ImageBitmap)) return null;
  sheets.delete(url);
  sheets.set(url, bitmap);
  return bitmap;
};

export function sheet(url) {
  if (ready(url)) return Promise.resolve(sheets.get(url));
  if (!sheets.has(url)) {
    const promise = packed(url).then(createImageBitmap).then((bitmap) => {
      sheets.set(url, bitmap);
      if (sheets.size > SHEETS_KEPT) sheets.delete(sheets.keys().next().value);
      return bitmap;
    });
    promise.catch(() => sheets.delete(url));
    sheets.set(url, promise);
  }
  return sheets.get(url);
}

// Where image `id` stands among the sheets: [its sheet's address or nothing, function of the bitmap → [x, y] of its corner]
export function thumbnail(id, { sprite_urls: urls, sprite_side: side, sprite_rows_per_sheet: perSheet }) {
  const cell = id % perSheet;
  return [urls?.[Math.floor(id / perSheet)], (bitmap) => {
    const columns = Math.floor(bitmap.width / side);
    return [(cell % columns) * side, Math.floor(cell / columns) * side];
  }];
}
