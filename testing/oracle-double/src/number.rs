//! Oracle's NUMBER: base 100, one exponent byte, then the digit bytes; numbers and their bytes have the same order.
//! The double knows whole numbers of 64 bits.

/// A number in Oracle's encoding, without a length byte.
pub fn encode(number: i64) -> Vec<u8> {
    if number == 0 {
        return vec![0x80];
    }
    let mut rest = number.unsigned_abs();
    let mut pairs = Vec::new();
    while rest > 0 {
        pairs.push((rest % 100) as u8);
        rest /= 100;
    }
    let head = 192 + pairs.len() as u8;
    let pairs = pairs.into_iter().skip_while(|pair| *pair == 0).collect::<Vec<_>>().into_iter().rev();
    if number > 0 {
        return [head].into_iter().chain(pairs.map(|pair| pair + 1)).collect();
    }
    [!head].into_iter().chain(pairs.map(|pair| 101 - pair)).chain([102]).collect()
}

/// The number of an encoding without a length byte; `None` if it has a fraction or more than 64 bits.
pub fn decode(coded: &[u8]) -> Option<i64> {
    let (&head, mantissa) = coded.split_first()?;
    let negative = head & 0x80 == 0;
    if mantissa.is_empty() {
        return (!negative).then_some(0);
    }
    let mut exponent = i32::from(if negative { !head } else { head }) - 192;
    let mut number = 0_i128;
    for &byte in mantissa.iter().take_while(|byte| !(negative && **byte == 102)) {
        let pair = if negative { 101_u8.checked_sub(byte)? } else { byte.checked_sub(1)? };
        exponent -= 1;
        number += i128::from(pair) * 100_i128.checked_pow(u32::try_from(exponent).ok()?)?;
    }
    i64::try_from(if negative { -number } else { number }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Oracle's documentation of the internal format.
    #[test]
    fn encodes_as_oracle_does() {
        assert_eq!(encode(5), [193, 6]);
        assert_eq!(encode(2767), [194, 28, 68]);
        assert_eq!(encode(-5), [62, 96, 102]);
        assert_eq!(encode(-2767), [61, 74, 34, 102]);
        assert_eq!(encode(100_000), [195, 11]);
        assert_eq!(encode(1_234_567), [196, 2, 24, 46, 68]);
        assert_eq!(encode(0), [128]);
    }

    #[test]
    fn decodes_what_it_encodes() {
        for number in [0, 1, -1, 10, 100, -100, 1_010, i64::MAX, i64::MIN] {
            assert_eq!(decode(&encode(number)), Some(number));
        }
        // 0.01, and 2^64 - 1.
        assert_eq!(decode(&[192, 2]), None);
        assert_eq!(decode(&[202, 19, 45, 68, 45, 8, 38, 10, 56, 17, 16]), None);
    }
}
