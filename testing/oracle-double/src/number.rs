//! Oracle's NUMBER: base 100, one exponent byte, up to twenty digit bytes; the number is kept in order as bytes are.

use rusqlite::types::Value;

/// Sign, decimal digits without leading or trailing zeros, and where the point is: `0.digits * 10^point`.
fn decimal(text: &str) -> Option<(bool, Vec<u8>, i32)> {
    let (negative, rest) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim().trim_start_matches('+')),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|c| c - b'0').collect();
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let point = i32::try_from(whole.len()).ok()? + exponent - i32::try_from(zeros).ok()?;
    digits.drain(..zeros);
    while digits.last() == Some(&0) {
        digits.pop();
    }
    Some((negative, digits, point))
}

/// A number as text in Oracle's encoding, without a length byte; `None` if it is no number or too large.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let (negative, mut digits, point) = decimal(text)?;
    if digits.is_empty() {
        return Some(vec![0x80]);
    }
    // Pairs begin at the point, so an odd number of digits before it needs a zero in front.
    if point.rem_euclid(2) == 1 {
        digits.insert(0, 0);
    }
    let exponent = (point + point.rem_euclid(2)) / 2;
    if !(-64..=63).contains(&exponent) {
        return None;
    }
    let mut pairs: Vec<u8> =
        digits.chunks(2).map(|pair| pair[0] * 10 + pair.get(1).copied().unwrap_or_default()).take(20).collect();
    while pairs.last() == Some(&0) {
        pairs.pop();
    }
    let head = u8::try_from(exponent + 192).ok()?;
    let mut coded = vec![if negative { !head } else { head }];
    coded.extend(pairs.iter().map(|pair| if negative { 101 - pair } else { pair + 1 }));
    if negative && coded.len() < 21 {
        coded.push(102);
    }
    Some(coded)
}

/// A number in Oracle's encoding, without a length byte, as text.
pub fn decode(coded: &[u8]) -> Option<String> {
    let (&head, mantissa) = coded.split_first()?;
    let negative = head & 0x80 == 0;
    if mantissa.is_empty() {
        return (!negative).then(|| "0".to_owned());
    }
    let exponent = i32::from(if negative { !head } else { head }) - 192;
    let mantissa = if negative { mantissa.strip_suffix(&[102]).unwrap_or(mantissa) } else { mantissa };
    let digits: String = mantissa
        .iter()
        .map(|&byte| format!("{:02}", if negative { 101u8.wrapping_sub(byte) } else { byte.wrapping_sub(1) }))
        .collect();
    let point = usize::try_from(exponent.max(0)).ok()? * 2;
    let digits = format!("{}{digits}", "00".repeat(usize::try_from((-exponent).max(0)).ok()?));
    let digits = format!("{digits:0<point$}");
    let (whole, fraction) = digits.split_at(point);
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// The SQLite value of a number as text: an integer if it is one that fits, else a float.
pub fn value(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Value::Integer(integer));
    }
    decimal(text)?;
    text.parse::<f64>().ok().map(Value::Real)
}

/// A float as Oracle would show it.
pub fn show(real: f64) -> String {
    if real.fract() == 0.0 && real.abs() < 1e38 { format!("{real:.0}") } else { format!("{real}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_oracle_does() {
        // The examples of Oracle's own documentation of the internal format.
        assert_eq!(encode("5").unwrap(), [193, 6]);
        assert_eq!(encode("2767").unwrap(), [194, 28, 68]);
        assert_eq!(encode("-5").unwrap(), [62, 96, 102]);
        assert_eq!(encode("-2767").unwrap(), [61, 74, 34, 102]);
        assert_eq!(encode("100000").unwrap(), [195, 11]);
        assert_eq!(encode("1234567").unwrap(), [196, 2, 24, 46, 68]);
        assert_eq!(encode("0").unwrap(), [128]);
        assert_eq!(encode("0.01").unwrap(), [192, 2]);
        assert_eq!(encode("abc"), None);
    }

    #[test]
    fn decodes_what_it_encodes() {
        for text in
            ["0", "1", "-1", "10", "100", "99.5", "0.001", "-0.07", "9223372036854775807", "-9223372036854775808"]
        {
            assert_eq!(decode(&encode(text).unwrap()).unwrap(), text);
        }
        assert_eq!(decode(&encode("1e3").unwrap()).unwrap(), "1000");
        assert_eq!(decode(&encode("-1.50").unwrap()).unwrap(), "-1.5");
    }
}
