/** The 256 remainders of a reflected 32-bit polynomial. */
function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
    return remainder;
  });
}

function crc(table: Uint32Array, bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    remainder = (remainder >>> 8) ^ table[(remainder ^ bytes[i]!) & 0xff]!;
  }
  return ~remainder >>> 0;
}

const ZIP = tableOf(0xedb88320);
const CASTAGNOLI = tableOf(0x82f63b78);

/** CRC-32 as in ZIP and gzip (RFC 1952). */
export const crc32 = (bytes: Uint8Array): number => crc(ZIP, bytes);

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), as in TFRecord files. */
export const crc32c = (bytes: Uint8Array): number => crc(CASTAGNOLI, bytes);
