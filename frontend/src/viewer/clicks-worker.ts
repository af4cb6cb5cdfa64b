/** Answers hints away from the page, so that it stays smooth. */
import { answer, type Request } from '../lib/hints';

self.onmessage = ({ data }: MessageEvent<Request>): void => self.postMessage(answer(data));
