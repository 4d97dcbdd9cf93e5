import { expect, test } from 'vitest';
import { placeLabels, type Wanted } from './place-labels.ts';

const size = { width: 400, height: 400 };

function label(x: number, y: number, priority = 0): Wanted {
  return { x, y, radius: 10, width: 80, height: 30, priority };
}

function boxes(wanted: readonly Wanted[]) {
  return placeLabels(wanted, size, 2).map((place, index) => {
    const { x, y, width, height } = wanted[index] as Wanted;
    return (
      place && { left: x + place.dx, top: y + place.dy, right: x + place.dx + width, bottom: y + place.dy + height }
    );
  });
}

test('a lone label stands to the right of its mark, or to the left at the map’s edge', () => {
  expect(placeLabels([label(200, 200)], size, 2)[0]).toEqual({ dx: 13, dy: -15 });
  expect(placeLabels([label(380, 200)], size, 2)[0]?.dx).toBeLessThan(-80);
});

test('labels cover neither each other nor other marks', () => {
  const wanted = [label(200, 200), label(225, 205), label(190, 230), label(210, 170)];
  const placed = boxes(wanted);
  for (const [index, box] of placed.entries()) {
    if (box === undefined) continue;
    for (const [other, mark] of wanted.entries()) {
      if (other === index) continue;
      expect(
        mark.x + 10 <= box.left || mark.x - 10 >= box.right || mark.y + 10 <= box.top || mark.y - 10 >= box.bottom,
      ).toBe(true);
      const second = placed[other];
      if (second === undefined) continue;
      expect(
        second.right <= box.left || second.left >= box.right || second.bottom <= box.top || second.top >= box.bottom,
      ).toBe(true);
    }
  }
});

test('where there is no room a low label is left out and an important one is not', () => {
  const crowd = Array.from({ length: 40 }, (_, index) =>
    label(20 + (index % 8) * 50, 30 + Math.floor(index / 8) * 80, index === 39 ? 3 : 0),
  );
  const placed = placeLabels(crowd, size, 2);
  expect(placed.filter((place) => place === undefined).length).toBeGreaterThan(0);
  expect(placed[39]).toBeDefined();
});

test('nothing is put over blocked parts of the screen', () => {
  const [place] = placeLabels([label(200, 200)], size, 2, [{ left: 210, top: 0, right: 400, bottom: 400 }]);
  expect(place?.dx).toBeLessThan(-80);
});
