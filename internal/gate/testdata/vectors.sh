#!/usr/bin/env bash
# Writes the vectors of this folder with openssl and coreutils, from the vendors'
# documented formats alone, so that they owe nothing to the code that reads them.
set -euo pipefail

b64() { openssl base64 -A; }
md5() { openssl md5 -r | cut -d' ' -f1; }
sha256() { openssl sha256 -r | cut -d' ' -f1; }
hexof() { od -An -v -tx1 | tr -d ' \n'; }
octets() { printf "$(printf %s "$1" | sed 's/../\\x&/g')"; }

# openNDS. $1 file, $2 level, $3 faskey, $4 iv, $5 text, $6 hid, $7 clear gateway name
opennds() {
	iv=
	if [ "$2" = 1 ]; then
		fas=$(printf %s "$5" | b64)
	else
		# PHP cuts the key or fills it with zeros to 32 octets, and encodes what it
		# encrypts; the gateway encodes that again. The vector is the 16 digits as text.
		key=$(printf %s "$3" | head -c 32 | hexof)
		while [ ${#key} -lt 64 ]; do key=${key}00; done
		fas=$(printf %s "$5" | openssl enc -aes-256-cbc -K "$key" -iv "$(printf %s "$4" | hexof)" | b64 | b64)
		iv=$4
	fi
	printf '{\n  "level": %s,\n  "faskey": "%s",\n  "fas": "%s",\n  "iv": "%s",\n  "hid": "%s",\n  "token": "%s",\n  "gatewayhash": "%s"\n}\n' \
		"$2" "$3" "$fas" "$iv" "$6" "$(printf %s "$6$3" | sha256)" "$(printf %s "$7" | sha256)" >"$1"
}

hidA=4f1d3c5a7b9e80214365a7c9ebfd0123456789abcdef0123456789abcdef0123
hidB=0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9
keyA=c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646
keyB=1234567890
nameA=openNDS%20Node%3a94e979a1b2c3
textA="hid=$hidA, clientip=192.168.8.141, clientmac=da:3f:aa:00:12:9e, client_type=cpd_can, gatewayname=$nameA, gatewayurl=http%3a%2f%2fstatus.client, version=10.2.0, gatewayaddress=192.168.8.1:2050, gatewaymac=94e979a1b2c3, originurl=http%3a%2f%2fconnectivitycheck.gstatic.com%2fgenerate_204, clientif=phy0-ap0, themespec=, "
# Another order, the older authdir, and a variable that staff have added.
textB="clientmac=02:00:5e:10:00:01, authdir=nds_in, gatewayaddress=10.1.0.1:2050, location=Hall~2?, originurl=http%3a%2f%2fexample.org%2f%3fa%3d1%26b%3d2, clientip=10.1.0.77, hid=$hidB, gatewayname=Lobby, clientif=wlan0, "

opennds opennds-1a.json 1 "$keyA" "" "$textA" "$hidA" "$nameA"
opennds opennds-1b.json 1 "$keyB" "" "$textB" "$hidB" Lobby
opennds opennds-2a.json 2 "$keyA" 9f86d081884c7d65 "$textA" "$hidA" "$nameA"
opennds opennds-2b.json 2 "$keyB" 0123456789abcdef "$textB" "$hidB" Lobby
opennds opennds-3a.json 3 "$keyA" 60303ae22b998861 "$textA" "$hidA" "$nameA"
opennds opennds-3b.json 3 "$keyB" fd61a03af4f77d87 "$textB" "$hidB" Lobby

# CoovaChilli. $1 file, $2 uamsecret, $3 signed address, $4 challenge, $5 password
coova() {
	md=$(printf %s "$3$2" | md5 | tr a-f A-F)
	mixed=$({ octets "$4"; printf %s "$2"; } | md5)
	response=$({ printf '\000%s' "$5"; octets "$mixed"; } | md5)
	pap= i=0
	for octet in $(printf %s "$5" | od -An -v -tx1); do
		at=$((i % 16 * 2 + 1))
		pap=$pap$(printf %02x $((0x$octet ^ 0x$(printf %s "$mixed" | cut -c$at-$((at + 1))))))
		i=$((i + 1))
	done
	printf '{\n  "uamsecret": "%s",\n  "address": "%s",\n  "password": "%s",\n  "response": "%s",\n  "pap": "%s"\n}\n' \
		"$2" "$3&md=$md" "$5" "$response" "$pap" >"$1"
}

coova coovachilli-a.json greatsecret \
	"https://portal.example/p/lobby?res=notyet&uamip=10.1.0.1&uamport=3990&challenge=5b1d296db7826a655411dcd83ee25154&called=94-83-C4-01-42-27&mac=5C-1D-D9-20-A0-C1&ip=10.1.0.64&ssid=Guests%20%26%20friends&nasid=lobby&sessionid=5e6792ce00000006&userurl=http%3a%2f%2fcaptive.apple.com%2fhotspot-detect.html" \
	5b1d296db7826a655411dcd83ee25154 one-time-secret
coova coovachilli-b.json "a/b c&d" \
	"https://portal.example/guests?site=2&res=failed&uamip=192.168.182.1&uamport=3660&challenge=00ff10ee20dd30cc40bb50aa60997088&called=00-1D-7E-BC-02-AD&timeleft=0&mac=02-00-5E-10-00-02&ip=192.168.182.7&reply=expired&nasid=nas01&userurl=http%3a%2f%2fexample.org%2f" \
	00ff10ee20dd30cc40bb50aa60997088 0123456789abcdefghijklmnopqrstuvwxyz

# MikroTik: id, password, challenge. The router writes the first and the last in octal.
octal() { octets "$1" | od -An -v -to1 | sed 's/ /\\\\/g' | tr -d '\n'; }
mikrotik() {
	printf '{\n  "chap-id": "%s",\n  "chap-challenge": "%s",\n  "password": "%s",\n  "response": "%s"\n}\n' \
		"$(octal "$2")" "$(octal "$3")" "$4" "$({ octets "$2"; printf %s "$4"; octets "$3"; } | md5)" >"$1"
}
mikrotik mikrotik-a.json ce 1fd3a2005c2276ff0a0d415c30339b80 one-time-secret
mikrotik mikrotik-b.json 00 00000000000000000000000000000001 "p&=+ %"
