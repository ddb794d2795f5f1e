import jsqr from 'jsqr';
import type { Locator } from 'playwright-core';

// Its types describe a module with a default export; in Node the function is the module itself.
const readQr = jsqr as unknown as typeof jsqr.default;

export interface Scanned {
  /** What a camera would read of the QR code; undefined where it can read none. */
  text: string | undefined;
  /** Red, green and blue in the middle of the quiet zone's upper edge. The reader here is more patient than cameras. */
  quietZone: number[];
}

/** Reads a QR code as it is drawn on the screen. */
export async function scan(code: Locator): Promise<Scanned> {
  const picture = (await code.screenshot()).toString('base64');
  // A page of its own, since the policy of ours refuses pictures from data.
  const page = await code.page().context().newPage();
  const { pixels, width, height } = await page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(bitmap, 0, 0);
    const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
    // As text, since numbers come over one by one.
    let binary = '';
    for (const byte of image.data) binary += String.fromCharCode(byte);
    return { pixels: btoa(binary), width: image.width, height: image.height };
  }, picture);
  await page.close();
  const data = Buffer.from(pixels, 'base64');
  const edge = 4 * (Math.round(height * 0.03) * width + Math.round(width / 2));
  return {
    text: readQr(Uint8ClampedArray.from(data), width, height, { inversionAttempts: 'dontInvert' })?.data,
    quietZone: [...data.subarray(edge, edge + 3)],
  };
}
