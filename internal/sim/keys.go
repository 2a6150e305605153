package sim

import (
	"crypto/cipher"
	"crypto/des" //nolint:gosec // the keys of UnionPay terminals are DES keys; these ones guard nothing
	"errors"
	"slices"
)

// key is a double-length DES key, as terminals of the UnionPay kind hold them.
type key [16]byte

// checkBytes is the length of a key check value.
const checkBytes = 4

func (k key) cipher() cipher.Block {
	block, err := des.NewTripleDESCipher(slices.Concat(k[:], k[:8]))
	if err != nil {
		panic(err) // impossible: the length is fixed
	}
	return block
}

// check is the key check value: the beginning of zeros encrypted under the key.
func (k key) check() [checkBytes]byte {
	var zero, out [8]byte
	k.cipher().Encrypt(out[:], zero[:])
	return [checkBytes]byte(out[:checkBytes])
}

// wrap encrypts a working key under this master key and adds the working key's check value.
func (k key) wrap(working key) []byte {
	out := make([]byte, len(working), len(working)+checkBytes)
	block := k.cipher()
	block.Encrypt(out[:8], working[:8])
	block.Encrypt(out[8:], working[8:])
	sum := working.check()
	return append(out, sum[:]...)
}

var errCheckValue = errors.New("the check value of the working key does not fit the master key")

// unwrap takes out what wrap put in; a key that another master key wrapped does not pass its check value.
func (k key) unwrap(in []byte) (key, error) {
	var working key
	if len(in) != len(working)+checkBytes {
		return working, errCheckValue
	}
	block := k.cipher()
	block.Decrypt(working[:8], in[:8])
	block.Decrypt(working[8:], in[8:16])
	if working.check() != [checkBytes]byte(in[16:]) {
		return key{}, errCheckValue
	}
	return working, nil
}

// mac is the message authentication code of ANSI X9.19 over data padded with zeros.
func (k key) mac(data []byte) [8]byte {
	left, err := des.NewCipher(k[:8]) //nolint:gosec // see above
	if err != nil {
		panic(err) // impossible: the length is fixed
	}
	right, err := des.NewCipher(k[8:]) //nolint:gosec // see above
	if err != nil {
		panic(err) // impossible: the length is fixed
	}
	var sum [8]byte
	for chunk := range slices.Chunk(data, len(sum)) {
		for i, b := range chunk {
			sum[i] ^= b
		}
		left.Encrypt(sum[:], sum[:])
	}
	right.Decrypt(sum[:], sum[:])
	left.Encrypt(sum[:], sum[:])
	return sum
}
