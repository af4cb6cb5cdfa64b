/** Answers hints away from the page, so that it stays smooth. */
import { ADD } from '../lib/growth';
import { answer, type Request } from '../lib/hints';

/** Along one axis of what is answered first without having been asked, so that the code is compiled by the first click. */
const EXTENT = 40;
const ROUNDS = 3;

function warmUp(): void {
  const size = EXTENT ** 3;
  const middle = (size + EXTENT * EXTENT + EXTENT) / 2;
  for (let round = 0; round < ROUNDS; round += 1) {
    const values = Int16Array.from({ length: size }, (_, at) => (at * 7919) % 100);
    const seeds = new Uint8Array(size);
    seeds[middle] = ADD;
    answer({
      values, shape: [EXTENT, EXTENT, EXTENT], spacing: [1, 1, 1], inside: new Uint8Array(size), seeds,
      fresh: Int32Array.of(middle), add: true, lasso: null, expectedCc: null,
    }); // prettier-ignore
  }
}

warmUp();
self.onmessage = ({ data }: MessageEvent<Request>): void => self.postMessage(answer(data));
