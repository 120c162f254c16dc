/** The same function, which answers the same question with the same answer as long as nobody asks another. */
export function rememberLast<A extends object, R>(derive: (from: A) => R): (from: A) => R {
  let last: { readonly from: A; readonly result: R } | undefined;
  return (from) => {
    if (last?.from !== from) last = { from, result: derive(from) };
    return last.result;
  };
}
