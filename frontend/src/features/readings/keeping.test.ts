import { beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '../../api/client';
import { Keeper, told, type Seen } from './keeping';

const before: Seen = { confidence: null, marks: [] };
const after: Seen = { confidence: 70, marks: [] };

describe('what is kept of a reading', () => {
  const kept = vi.fn();
  const lost = vi.fn();
  const put = vi.spyOn(api, 'put');
  const post = vi.spyOn(api, 'post');
  const made = (): Keeper => {
    const keeper = new Keeper('/r/1', before);
    keeper.listen({ kept, lost });
    return keeper;
  };

  beforeEach(() => {
    vi.clearAllMocks();
    put.mockResolvedValue({ id: '1' });
    post.mockResolvedValue({});
  });

  it('sends nothing before the first change and nothing twice', async () => {
    const keeper = made();
    keeper.save();
    keeper.turn(true);
    keeper.turn(false);
    expect(put).not.toHaveBeenCalled();
    keeper.change(after);
    keeper.save();
    await told();
    keeper.save();
    expect(put.mock.calls).toEqual([['/r/1', after, { keepalive: false }]]);
    expect(kept).toHaveBeenCalledWith({ id: '1' });
  });

  it('goes on with the clock also where the marks cannot be saved, and sends them again', async () => {
    put.mockRejectedValueOnce(new Error('no network'));
    const keeper = made();
    keeper.change(after);
    keeper.turn(true);
    await told();
    expect(lost).toHaveBeenCalledOnce();
    expect(post).toHaveBeenCalledWith('/r/1/open', {}, { keepalive: false });
    keeper.save();
    await told();
    expect(put).toHaveBeenCalledTimes(2);
    expect(kept).toHaveBeenCalledOnce();
  });

  it('is told only when what is underway is answered', async () => {
    let answer: (value: unknown) => void = vi.fn();
    put.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    const keeper = made();
    keeper.change(after);
    keeper.save(true);
    const done = vi.fn();
    const waiting = told().then(done);
    await Promise.resolve();
    expect(done).not.toHaveBeenCalled();
    answer({ id: '1' });
    await waiting;
    expect(done).toHaveBeenCalledOnce();
  });
});
