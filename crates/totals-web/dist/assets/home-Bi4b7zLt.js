import{i as e,n as t,r as n,t as r}from"./status-DelHy7ZR.js";import{C as i,S as a,T as o,f as s,g as c,h as l,i as u,r as d,t as f,x as p}from"./define-DXWgR0Nu.js";var m=class extends u{static properties={...u.properties,first:{attribute:!1}};#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t,this.first)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(d())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:n,words:r}=this,a=this.view?.value,s=a?e(r,a):``;return o`<article>
      <header>
        <h3><a href=${t(`/campaigns/${encodeURIComponent(n)}`)} dir="auto">${a?.title??n}</a></h3>
        ${s?o`<span class="when">${s}</span>`:i}
      </header>
      <campaign-total campaign=${n} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${n} brief></campaign-thermometer>
    </article>`}},h=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function g(e){let t=await fetch(e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:h);if(!t.ok)throw Error(`the list of campaigns: ${t.status}`);let n=c(await t.text()),r=l(n)&&l(n.data)?n.data:{},i=(Array.isArray(r.totals)?r.totals.map(s):[]).filter(e=>e!==void 0&&_(e));return typeof r.nextCursor==`string`?{campaigns:i,next:r.nextCursor}:{campaigns:i}}function _({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var v=3e3,y=6e4,{words:b,isWall:x}=n(),S=class extends a{static properties={campaigns:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),x||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?v:y)}async#t(e){try{let t=await g(e),n=this.campaigns===void 0,r=new Set(this.campaigns?.map(({id:e})=>e));this.campaigns=[...this.campaigns??[],...t.campaigns.filter(({id:e})=>!r.has(e))],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return o`<section class="hero">
        <h1 class="eyebrow">${b.say(`raisedTogether`)}</h1>
        <platform-total details ?over=${x}></platform-total>
      </section>
      ${x?i:this.#n()}
      <footer><live-status></live-status></footer>`}#n(){return o`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${b.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?o`<button class="more" @click=${()=>this.#t(this.next)}>${b.say(`more`)}</button>`:i}
    </section>`}#r(){let{campaigns:e}=this;return e===void 0?this.failed?o`<p class="note">${b.say(`unavailable`)}</p>`:i:e.length===0?o`<p class="note">${b.say(`none`)}</p>`:o`<ul class="cards">
      ${p(e,({id:e})=>e,e=>o`<li><campaign-card .first=${e} campaign=${e.id}></campaign-card></li>`)}
    </ul>`}};f(),customElements.define(`campaign-card`,m),customElements.define(`live-status`,r),customElements.define(`home-page`,S),document.title=b.say(`raisedTogether`);