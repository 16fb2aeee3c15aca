// Makes large pictures smaller before they are sent: text stays readable, bytes do not travel for nothing.

const LONGEST_SIDE = 3200;
const LARGE_BYTES = 3_000_000;
export const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/** The picture itself when it is small enough or cannot be decoded here: the server says what is wrong with it. */
export async function shrink(picture: Blob): Promise<Blob> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(picture);
  } catch {
    return picture;
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  if (scale === 1 && picture.size <= LARGE_BYTES) return picture;
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  // a screenshot has few colours and is small as PNG; a photo is not
  const lossless = await canvas.convertToBlob({ type: "image/png" });
  if (lossless.size <= LARGE_BYTES) return lossless.size < picture.size || scale < 1 ? lossless : picture;
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}
