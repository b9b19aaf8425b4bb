import { expect, it } from 'vitest';
import { opaque, type Value } from '../../program/values.ts';
import { showCall, showValue } from './values.ts';

it.each<[Value, string]>([
  [[1, [-2, 'a"b']], '[1, [-2, "a\\"b"]]'],
  [-0, '0'],
  [undefined, 'undefined'],
  [[opaque('function'), null], '[(function), null]'],
])('shows %j as a person writes it', (value, text) => {
  expect(showValue(value)).toBe(text);
});

it('shows a call', () => {
  expect(showCall('f', [[1, 2], true])).toBe('f([1, 2], true)');
});
